import java.util.HashMap;
import java.util.Map;

/** One total on its way: {@code key} is dimension|value|day. A plain old object, so that Flink needs no Kryo. */
public final class Totals {
    public String key;
    public long amount;
    public long count;

    public Totals() {}

    Totals(String key, long amount, long count) {
        this.key = key;
        this.amount = amount;
        this.count = count;
    }

    /** Sums by dimension, day and value until they are flushed. */
    static final class Bundle {
        private final Map<String, Map<String, long[]>>[] sums;

        @SuppressWarnings("unchecked")
        Bundle() {
            sums = new Map[Receipt.DIMENSIONS.length];
            for (int which = 0; which < sums.length; which++) sums[which] = new HashMap<>();
        }

        void add(Receipt receipt) {
            for (int which = 0; which < sums.length; which++) {
                Map<String, long[]> day = sums[which].computeIfAbsent(receipt.day, ignored -> new HashMap<>());
                String value = receipt.dimension(which);
                long[] sum = day.get(value);
                if (sum == null) day.put(value, sum = new long[2]);
                sum[0] += receipt.amount;
                sum[1]++;
            }
        }

        void flush(java.util.function.Consumer<Totals> out) {
            for (int which = 0; which < sums.length; which++) {
                String dimension = Receipt.DIMENSIONS[which];
                sums[which].forEach((day, values) -> {
                    values.forEach((value, sum) -> {
                        if (sum[1] != 0) out.accept(new Totals(dimension + '|' + value + '|' + day, sum[0], sum[1]));
                    });
                    values.clear();
                });
            }
        }
    }
}
