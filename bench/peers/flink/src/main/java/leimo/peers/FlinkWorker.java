package leimo.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The same work on Flink: `posts.raw`, mentions to their topic and, by `keyBy`, to one-minute
 * windows of count and score, `windows`. Watermarks are per partition; state is on the heap or in
 * RocksDB (with checkpoints of what changed), checkpoints are in a folder.
 */
public final class FlinkWorker {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration DISORDER = Duration.ofSeconds(30);
    /** As in Kafka Streams; the producer's own default sends each mention by itself. */
    private static final String LINGER_MS = "100";
    private static final String TRANSACTION_TIMEOUT_MS = "600000";
    private static final ObjectWriter WRITER = new ObjectMapper().writerFor(Mention.class);

    private FlinkWorker() {}

    /** A closed window of a brand. */
    public static class Window {
        public String brand;
        public long startMs;
        public long count;
        public long scoreMilli;
    }

    private static final class ReadPost implements KafkaRecordDeserializationSchema<Post> {
        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Post> posts) {
            Post post = Post.read(record.value(), record.partition(), record.offset());
            if (post != null) {
                posts.collect(post);
            }
        }

        @Override
        public TypeInformation<Post> getProducedType() {
            return TypeInformation.of(Post.class);
        }
    }

    private static final class Analyse extends RichFlatMapFunction<Post, Mention> {
        private final String exports;
        private transient Analyser analyser;

        private Analyse(String exports) {
            this.exports = exports;
        }

        @Override
        public void open(OpenContext context) throws IOException {
            analyser = new Analyser(Path.of(exports));
        }

        @Override
        public void flatMap(Post post, Collector<Mention> mentions) {
            analyser.mentions(post).forEach(mentions::collect);
        }
    }

    private static final class Add implements AggregateFunction<Mention, long[], long[]> {
        @Override
        public long[] createAccumulator() {
            return new long[2];
        }

        @Override
        public long[] add(Mention mention, long[] bucket) {
            bucket[0]++;
            bucket[1] += mention.sentiment_milli;
            return bucket;
        }

        @Override
        public long[] getResult(long[] bucket) {
            return bucket;
        }

        @Override
        public long[] merge(long[] one, long[] other) {
            return new long[] {one[0] + other[0], one[1] + other[1]};
        }
    }

    private static final class Close
            extends ProcessWindowFunction<long[], Window, String, TimeWindow> {
        @Override
        public void process(
                String brand, Context context, Iterable<long[]> buckets, Collector<Window> windows) {
            long[] bucket = buckets.iterator().next();
            Window window = new Window();
            window.brand = brand;
            window.startMs = context.window().getStart();
            window.count = bucket[0];
            window.scoreMilli = bucket[1];
            windows.collect(window);
        }
    }

    private static <T> KafkaSink<T> sink(
            String topic,
            Map<String, String> environment,
            KafkaRecordSerializationSchema<T> schema) {
        String group = environment.get("BENCH_GROUP");
        return KafkaSink.<T>builder()
                .setBootstrapServers(environment.get("BENCH_BROKER"))
                .setRecordSerializer(schema)
                .setDeliveryGuarantee(
                        DeliveryGuarantee.valueOf(environment.get("BENCH_GUARANTEE").toUpperCase(Locale.ROOT)))
                .setTransactionalIdPrefix(group + "-" + topic)
                .setProperty("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS)
                .setProperty("linger.ms", LINGER_MS)
                .build();
    }

    private static ProducerRecord<byte[], byte[]> record(Mention mention) {
        try {
            byte[] key = mention.brand.getBytes(StandardCharsets.UTF_8);
            byte[] value = WRITER.writeValueAsBytes(mention);
            return new ProducerRecord<>("mentions", null, mention.event_time_ms, key, value);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static ProducerRecord<byte[], byte[]> record(Window window) {
        String key = window.brand + "|" + window.startMs + "|" + MINUTE.toMillis();
        String value = "{\"start_ms\":" + window.startMs + ",\"count\":" + window.count
                + ",\"score_milli\":" + window.scoreMilli + "}";
        return new ProducerRecord<>(
                "windows",
                key.getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8));
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> environment = System.getenv();
        String broker = environment.get("BENCH_BROKER");
        Configuration settings = new Configuration();
        settings.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        boolean inRocksDb = environment.get("BENCH_STATE").equals("rocksdb");
        settings.set(StateBackendOptions.STATE_BACKEND, inRocksDb ? "rocksdb" : "hashmap");
        settings.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, inRocksDb);
        settings.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        settings.set(
                CheckpointingOptions.CHECKPOINTS_DIRECTORY,
                Path.of(environment.get("BENCH_FOLDER")).toUri().toString());
        StreamExecutionEnvironment flink = StreamExecutionEnvironment.getExecutionEnvironment(settings);
        flink.setParallelism(Integer.parseInt(environment.get("BENCH_THREADS")));
        flink.getConfig().enableObjectReuse();
        flink.enableCheckpointing(Long.parseLong(environment.get("BENCH_COMMIT_INTERVAL_MS")));

        KafkaSource<Post> posts = KafkaSource.<Post>builder()
                .setBootstrapServers(broker)
                .setTopics("posts.raw")
                .setGroupId(environment.get("BENCH_GROUP"))
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new ReadPost())
                .build();
        WatermarkStrategy<Post> times = WatermarkStrategy
                .<Post>forBoundedOutOfOrderness(DISORDER)
                .withTimestampAssigner((post, receivedMs) -> post.eventTimeMs);
        SingleOutputStreamOperator<Mention> mentions = flink.fromSource(posts, times, "posts.raw")
                .flatMap(new Analyse(environment.get("BENCH_EXPORTS")))
                .returns(Mention.class);
        mentions.sinkTo(sink("mentions", environment, (mention, context, timestampMs) -> record(mention)));
        mentions.keyBy(mention -> mention.brand)
                .window(TumblingEventTimeWindows.of(MINUTE))
                .aggregate(new Add(), new Close())
                .sinkTo(sink("windows", environment, (window, context, timestampMs) -> record(window)));
        try {
            flink.execute("leimo");
        } catch (Exception failure) {
            failure.printStackTrace();
            System.exit(1);
        }
    }
}
