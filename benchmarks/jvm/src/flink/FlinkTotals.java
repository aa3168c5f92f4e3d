import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.Collector;

/**
 * Flink, DataStream API: values are decoded and folded in the source's own task, as its SQL's local aggregation
 * does, and the folded sums go through keyBy to keyed state. Checkpoints to disk, exactly-once sink.
 */
public final class FlinkTotals {
    private static final int BUNDLE = 100_000;

    public static void main(String[] arguments) throws Exception {
        Options options = new Options(arguments[0]);
        var environment = Flink.environment(options);
        var source = Flink.<byte[]>source(options).setValueOnlyDeserializer(new Raw()).build();
        environment
            .fromSource(source, WatermarkStrategy.noWatermarks(), "in")
            .transform("fold", TypeInformation.of(Totals.class), new Fold())
            .keyBy(total -> total.key)
            .process(new Add())
            .sinkTo(Flink.sink(options));
        environment.execute("totals");
    }

    private static final class Raw implements DeserializationSchema<byte[]> {
        @Override
        public byte[] deserialize(byte[] message) {
            return message;
        }

        @Override
        public boolean isEndOfStream(byte[] next) {
            return false;
        }

        @Override
        public TypeInformation<byte[]> getProducedType() {
            return PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
        }
    }

    private static final class Fold extends AbstractStreamOperator<Totals>
            implements OneInputStreamOperator<byte[], Totals>, org.apache.flink.streaming.api.operators.BoundedOneInput {
        private transient Receipt receipt;
        private transient Totals.Bundle bundle;
        private transient int rows;

        @Override
        public void open() throws Exception {
            super.open();
            receipt = new Receipt();
            bundle = new Totals.Bundle();
        }

        @Override
        public void processElement(StreamRecord<byte[]> element) {
            if (rows == 0) Report.firstRecord();
            receipt.read(element.getValue());
            bundle.add(receipt);
            if (++rows % BUNDLE == 0) flush();
        }

        @Override
        public void prepareSnapshotPreBarrier(long checkpoint) {
            flush();
        }

        @Override
        public void endInput() {
            flush();
        }

        private void flush() {
            bundle.flush(total -> output.collect(new StreamRecord<>(total)));
        }
    }

    private static final class Add extends KeyedProcessFunction<String, Totals, Totals> {
        private transient ValueState<Totals> state;

        @Override
        public void open(OpenContext context) {
            state = getRuntimeContext().getState(new ValueStateDescriptor<>("total", Totals.class));
        }

        @Override
        public void processElement(Totals part, Context context, Collector<Totals> out) throws Exception {
            Totals before = state.value();
            Totals now = before == null
                ? new Totals(part.key, part.amount, part.count)
                : new Totals(part.key, before.amount + part.amount, before.count + part.count);
            state.update(now);
            out.collect(now);
        }
    }
}
