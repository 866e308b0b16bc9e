package leimo.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The same work on Kafka Streams: `posts.raw`, `mentions` by brand, one-minute windows of count and
 * score in its store with a changelog, `windows`. Windows are sent on change, once a commit, and
 * never closed, so that no mention is late.
 */
public final class KafkaStreamsWorker {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration GRACE = Duration.ofDays(3650);
    private static final ObjectWriter WRITER = new ObjectMapper().writerFor(Mention.class);
    private static final ObjectReader READER = new ObjectMapper().readerFor(Mention.class);

    private KafkaStreamsWorker() {}

    private record Bucket(long count, long score) {}

    private static final Serde<Bucket> BUCKETS = Serdes.serdeFrom(
            (topic, bucket) -> bucket == null
                    ? null
                    : ByteBuffer.allocate(16).putLong(bucket.count).putLong(bucket.score).array(),
            (topic, bytes) -> {
                if (bytes == null) {
                    return null;
                }
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                return new Bucket(buffer.getLong(), buffer.getLong());
            });

    private static final class Analyse extends ContextualProcessor<byte[], byte[], String, byte[]> {
        private final Analyser analyser;

        private Analyse(Analyser analyser) {
            this.analyser = analyser;
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            RecordMetadata place = context().recordMetadata().orElseThrow();
            Post post = Post.read(record.value(), place.partition(), place.offset());
            if (post == null) {
                return;
            }
            for (Mention mention : analyser.mentions(post)) {
                context().forward(new Record<>(mention.brand, json(mention), post.eventTimeMs));
            }
        }
    }

    private static byte[] json(Mention mention) {
        try {
            return WRITER.writeValueAsBytes(mention);
        } catch (JsonProcessingException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static Bucket add(String brand, byte[] value, Bucket bucket) {
        try {
            Mention mention = READER.readValue(value);
            return new Bucket(bucket.count + 1, bucket.score + mention.sentiment_milli);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static KeyValue<String, String> window(Windowed<String> window, Bucket bucket) {
        String key = window.key() + "|" + window.window().start() + "|" + MINUTE.toMillis();
        String value = "{\"start_ms\":" + window.window().start() + ",\"count\":" + bucket.count
                + ",\"score_milli\":" + bucket.score + "}";
        return KeyValue.pair(key, value);
    }

    private static Topology topology(Analyser analyser) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream("posts.raw", Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(() -> new Analyse(analyser))
                .to("mentions", Produced.with(Serdes.String(), Serdes.ByteArray()));
        builder.stream("mentions", Consumed.with(Serdes.String(), Serdes.ByteArray()))
                .groupByKey()
                .windowedBy(TimeWindows.ofSizeAndGrace(MINUTE, GRACE))
                .aggregate(
                        () -> new Bucket(0, 0),
                        KafkaStreamsWorker::add,
                        Materialized.<String, Bucket, WindowStore<Bytes, byte[]>>as("volume")
                                .withKeySerde(Serdes.String())
                                .withValueSerde(BUCKETS)
                                .withLoggingEnabled(Map.of("segment.ms", "315360000000")))
                .toStream()
                .map(KafkaStreamsWorker::window)
                .to("windows", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }

    public static void main(String[] arguments) throws IOException {
        Map<String, String> environment = System.getenv();
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, environment.get("BENCH_GROUP"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, environment.get("BENCH_BROKER"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, environment.get("BENCH_FOLDER"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, environment.get("BENCH_GUARANTEE"));
        settings.put(
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, environment.get("BENCH_COMMIT_INTERVAL_MS"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, environment.get("BENCH_THREADS"));
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        Analyser analyser = new Analyser(Path.of(environment.get("BENCH_EXPORTS")));
        KafkaStreams streams = new KafkaStreams(topology(analyser), settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
