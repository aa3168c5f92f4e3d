import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What the two Flink contenders share: a mini cluster with checkpoints on disk, the source, the sink. */
final class Flink {
    private static final long CHECKPOINT_MS = 200;

    static StreamExecutionEnvironment environment(Options options) {
        Configuration settings = new Configuration();
        settings.setString("state.backend.type", "hashmap");
        settings.setString("execution.checkpointing.storage", "filesystem");
        settings.setString("execution.checkpointing.dir", "file://" + options.get("folder") + "/checkpoints");
        settings.setString("taskmanager.memory.managed.size", "64mb");
        settings.setString("taskmanager.memory.network.min", "64mb");
        settings.setString("taskmanager.memory.network.max", "64mb");
        settings.setString("io.tmp.dirs", options.get("folder"));
        settings.setString("restart-strategy.type", "none");
        settings.setString("rest.port", "0");
        settings.setString("rest.bind-port", "0");
        int cores = Runtime.getRuntime().availableProcessors();
        int parallelism = Integer.getInteger("parallelism", Math.min(cores, Integer.parseInt(options.get("partitions"))));
        var found = StreamExecutionEnvironment.createLocalEnvironment(parallelism, settings);
        found.enableCheckpointing(CHECKPOINT_MS);
        found.getConfig().enableObjectReuse();
        return found;
    }

    /** Reads the input to the end it has now. */
    static <T> KafkaSourceBuilder<T> source(Options options) {
        return KafkaSource.<T>builder()
            .setBootstrapServers(options.get("bootstrap"))
            .setTopics(options.get("input"))
            .setGroupId(options.get("group"))
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setBounded(OffsetsInitializer.latest())
            .setProperty("max.poll.records", "10000")
            .setProperty("max.partition.fetch.bytes", String.valueOf(8 << 20))
            .setProperty("check.crcs", "true");
    }

    static KafkaSink<Totals> sink(Options options) {
        Properties settings = new Properties();
        settings.setProperty("transaction.timeout.ms", "60000");
        settings.setProperty("compression.type", "lz4");
        return KafkaSink.<Totals>builder()
            .setBootstrapServers(options.get("bootstrap"))
            .setKafkaProducerConfig(settings)
            .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
            .setTransactionalIdPrefix(options.get("group"))
            .setRecordSerializer(new Lines(options.get("output")))
            .build();
    }

    /** A total as the line of contenders/plain.py. */
    private static final class Lines implements KafkaRecordSerializationSchema<Totals> {
        private final String topic;

        Lines(String topic) {
            this.topic = topic;
        }

        @Override
        public ProducerRecord<byte[], byte[]> serialize(Totals total, KafkaSinkContext context, Long timestamp) {
            String line = total.key + "||" + total.amount + '|' + total.count;
            return new ProducerRecord<>(
                topic, total.key.getBytes(StandardCharsets.UTF_8), line.getBytes(StandardCharsets.UTF_8));
        }
    }
}
