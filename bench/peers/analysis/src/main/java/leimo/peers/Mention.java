package leimo.peers;

/** One brand in one post, with the fields of leimo's record that the windows need. */
public class Mention {
    public String brand;
    public int partition;
    public long offset;
    public long event_time_ms;
    public int sentiment_milli;
    public String author;
    public String post;
    public String text;
}
