import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.util.Collector;

/**
 * Flink SQL: the same source with the hand decoder, which gives a row for each dimension; one GROUP BY in
 * mini-batches with local aggregation, and an exactly-once upsert sink.
 */
public final class FlinkSqlTotals {
    private static final String SINK =
        "CREATE TABLE totals (dimension STRING, v STRING, d STRING, line STRING, "
            + "PRIMARY KEY (dimension, v, d) NOT ENFORCED) WITH ("
            + "'connector' = 'upsert-kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', "
            + "'properties.compression.type' = 'lz4', 'properties.transaction.timeout.ms' = '60000', "
            + "'key.format' = 'csv', 'value.format' = 'raw', 'value.fields-include' = 'EXCEPT_KEY', "
            + "'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '%s')";
    private static final String SUMS =
        "INSERT INTO totals SELECT dimension, v, d, dimension || '|' || v || '|' || d || '||' || "
            + "CAST(SUM(amount) AS STRING) || '|' || CAST(COUNT(*) AS STRING) FROM receipts GROUP BY dimension, v, d";

    /** What the query reads. */
    public static final class Row {
        public String dimension, v, d;
        public long amount;
    }

    public static void main(String[] arguments) throws Exception {
        Options options = new Options(arguments[0]);
        var environment = Flink.environment(options);
        var tables = StreamTableEnvironment.create(environment);
        tables.getConfig().set("table.exec.mini-batch.enabled", "true");
        tables.getConfig().set("table.exec.mini-batch.allow-latency", "100 ms");
        tables.getConfig().set("table.exec.mini-batch.size", "50000");
        tables.getConfig().set("table.optimizer.agg-phase-strategy", "TWO_PHASE");
        var source = Flink.<Row>source(options).setValueOnlyDeserializer(new Decode()).build();
        tables.createTemporaryView(
            "receipts", environment.fromSource(source, WatermarkStrategy.noWatermarks(), "in"));
        tables.executeSql(
            String.format(SINK, options.get("output"), options.get("bootstrap"), options.get("group")));
        tables.executeSql(SUMS).await();
    }

    private static final class Decode implements DeserializationSchema<Row> {
        private transient Receipt receipt;

        @Override
        public void deserialize(byte[] message, Collector<Row> out) {
            if (receipt == null) {
                Report.firstRecord();
                receipt = new Receipt();
            }
            receipt.read(message);
            for (int which = 0; which < Receipt.DIMENSIONS.length; which++) {
                Row row = new Row();
                row.dimension = Receipt.DIMENSIONS[which];
                row.v = receipt.dimension(which);
                row.d = receipt.day;
                row.amount = receipt.amount;
                out.collect(row);
            }
        }

        @Override
        public Row deserialize(byte[] message) {
            throw new UnsupportedOperationException("one value is several rows");
        }

        @Override
        public boolean isEndOfStream(Row next) {
            return false;
        }

        @Override
        public TypeInformation<Row> getProducedType() {
            return TypeInformation.of(Row.class);
        }
    }
}
