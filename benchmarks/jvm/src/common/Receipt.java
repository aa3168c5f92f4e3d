import java.nio.charset.StandardCharsets;
import java.time.LocalDate;

/** The fields of a value of revenue.receipts that the totals need, read by hand: what lies between is skipped. */
public final class Receipt {
    static final String[] DIMENSIONS = {"opd", "account", "village"};
    private static final int HEADER = 5;
    private static final long ZONE_MS = 7 * 3_600_000L, DAY_MS = 86_400_000L;

    public String opd, account, village, day;
    public long amount;

    private byte[] bytes;
    private int at;
    private long dayNumber = Long.MIN_VALUE;

    /** Reads one value into this object. */
    void read(byte[] value) {
        bytes = value;
        at = HEADER;
        skipText(); // event_id
        skipText(); // source
        opd = text();
        day(number()); // occurred_at
        skipText(); // kind
        skipText(); // mode
        skipOptional(); // corrects
        skipOptional(); // correction_reason
        at++; // simulated
        skipText(); // cash_office
        account = text();
        amount = number();
        skipText(); // channel
        village = number() == 0 ? "" : text();
        bytes = null;
    }

    String dimension(int which) {
        return which == 0 ? opd : which == 1 ? account : village;
    }

    private void day(long occurredAt) {
        long number = Math.floorDiv(occurredAt + ZONE_MS, DAY_MS);
        if (number != dayNumber) {
            dayNumber = number;
            day = LocalDate.ofEpochDay(number).toString().intern();
        }
    }

    private long number() {
        long raw = 0;
        int shift = 0;
        byte next;
        do {
            next = bytes[at++];
            raw |= (next & 0x7FL) << shift;
            shift += 7;
        } while (next < 0);
        return raw >>> 1 ^ -(raw & 1);
    }

    private String text() {
        int length = (int) number();
        String found = new String(bytes, at, length, StandardCharsets.UTF_8);
        at += length;
        return found;
    }

    private void skipText() {
        int length = (int) number();
        at += length;
    }

    private void skipOptional() {
        if (number() != 0) skipText();
    }
}
