import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams, Processor API: totals in RocksDB behind its cache, with a changelog, exactly once, one thread.
 * What changed goes out ten times a second. Totals are partial by source partition, which spares it repartitioning.
 */
public final class StreamsTotals {
    public static void main(String[] arguments) throws InterruptedException {
        Options options = new Options(arguments[0]);
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("group"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("bootstrap"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, options.get("folder"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 8 << 20);
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 20_000);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");

        Topology topology = new Topology();
        var bytes = Serdes.ByteArray();
        topology.addSource("in", bytes.deserializer(), bytes.deserializer(), options.get("input"));
        topology.addProcessor("add", Add::new, "in");
        topology.addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("totals"), Serdes.String(), bytes)
                .withCachingEnabled(),
            "add");
        topology.addSink("out", options.get("output"), Serdes.String().serializer(), Serdes.String().serializer(), "add");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(3))));
        streams.start();
        Thread.currentThread().join();
    }

    private static final class Add implements Processor<byte[], byte[], String, String> {
        private final Receipt receipt = new Receipt();
        private final Set<String> changed = new HashSet<>();
        private ProcessorContext<String, String> context;
        private KeyValueStore<String, byte[]> totals;

        @Override
        public void init(ProcessorContext<String, String> given) {
            context = given;
            totals = given.getStateStore("totals");
            given.schedule(Duration.ofMillis(100), PunctuationType.WALL_CLOCK_TIME, this::publish);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            Report.firstRecord();
            receipt.read(record.value());
            for (int which = 0; which < Receipt.DIMENSIONS.length; which++) {
                String key = Receipt.DIMENSIONS[which] + '|' + receipt.dimension(which) + '|' + receipt.day;
                byte[] old = totals.get(key);
                ByteBuffer total = ByteBuffer.allocate(16);
                if (old == null) {
                    total.putLong(receipt.amount).putLong(1);
                } else {
                    ByteBuffer before = ByteBuffer.wrap(old);
                    total.putLong(before.getLong() + receipt.amount).putLong(before.getLong() + 1);
                }
                totals.put(key, total.array());
                changed.add(key);
            }
        }

        private void publish(long now) {
            for (String key : changed) {
                ByteBuffer total = ByteBuffer.wrap(totals.get(key));
                String line = key + '|' + context.taskId() + '|' + total.getLong() + '|' + total.getLong();
                context.forward(new Record<>(key, line, now));
            }
            changed.clear();
        }
    }
}
