package leimo.peers;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** A Weibo status: what the analysis needs of it. */
@JsonIgnoreProperties(ignoreUnknown = true)
public class Post {
    public String idstr;
    public String text;
    public String created_at;
    public User user;
    public Post retweeted_status;

    /** Where it stood in `posts.raw`, and its own time in UTC; filled in by `read`. */
    public int partition;
    public long offset;
    public long eventTimeMs;

    @JsonIgnoreProperties(ignoreUnknown = true)
    public static class User {
        public String id;
    }

    private static final ObjectReader READER = new ObjectMapper().readerFor(Post.class);
    private static final DateTimeFormatter FORMAT =
            DateTimeFormatter.ofPattern("EEE MMM dd HH:mm:ss Z yyyy", Locale.ENGLISH);
    private static final ThreadLocal<Map<String, Long>> DAYS = ThreadLocal.withInitial(HashMap::new);

    /** The post in a record; null where there is none. */
    public static Post read(byte[] value, int partition, long offset) {
        try {
            Post post = READER.readValue(value);
            if (post.text == null || post.created_at == null) {
                return null;
            }
            post.partition = partition;
            post.offset = offset;
            post.eventTimeMs = millis(post.created_at);
            return post;
        } catch (IOException | RuntimeException noPost) {
            return null;
        }
    }

    /** Of `Tue May 31 17:46:55 +0800 2011`: the midnight of a day is remembered. */
    private static long millis(String at) {
        String day = at.substring(0, 11) + "00:00:00" + at.substring(19);
        long midnight = DAYS.get().computeIfAbsent(
                day, text -> ZonedDateTime.parse(text, FORMAT).toInstant().toEpochMilli());
        return midnight + 1000L * (3600 * digits(at, 11) + 60 * digits(at, 14) + digits(at, 17));
    }

    private static int digits(String text, int from) {
        return (text.charAt(from) - '0') * 10 + text.charAt(from + 1) - '0';
    }
}
