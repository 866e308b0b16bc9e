package leimo.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Posts in, mentions out: the brands in the text and in the quoted original, and the mood. */
public final class Analyser {
    private static final int TOKEN_START = 1;
    private static final int TOKEN_END = 2;
    private static final int WORD_START = 4;
    private static final int WORD_END = 8;
    private static final int MAY_BE_NUMBERED = 16;
    private static final int QUOTES_KEPT = 16_384;

    private record Pattern(int needs, String[] brands) {}

    private record Hit(int start, int end, Pattern pattern) {}

    private static final class Mood {
        int sum;
        int count;
    }

    private final Trie trie;
    private final List<Pattern> patterns = new ArrayList<>();
    private final Tokens tokens;
    private final Sentiment sentiment;
    private final Map<String, List<Hit>> quotes = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, List<Hit>> eldest) {
            return size() > QUOTES_KEPT;
        }
    };

    /** From a folder with patterns.tsv, weights.tsv and words.txt (`bench.peers.exports`). */
    public Analyser(Path folder) throws IOException {
        List<String> spellings = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("patterns.tsv"))) {
            String[] fields = line.split("\t");
            String[] brands = Arrays.copyOfRange(fields, 2, fields.length);
            spellings.add(fields[0]);
            patterns.add(new Pattern(Integer.parseInt(fields[1]), brands));
        }
        trie = new Trie(spellings);
        tokens = new Tokens(folder.resolve("words.txt"));
        sentiment = new Sentiment(folder.resolve("weights.tsv"));
    }

    public List<Mention> mentions(Post post) {
        String text = post.text;
        Map<String, Mood> brands = new TreeMap<>();
        Post original = post.retweeted_status;
        if (original != null && original.text != null) {
            List<Hit> known = quotes.get(original.text);
            if (known == null) {
                known = find(original.text);
                quotes.put(original.text, known);
            }
            known.forEach(hit -> mark(brands, hit));
        }
        List<Hit> hits = find(text);
        hits.forEach(hit -> mark(brands, hit));
        if (brands.isEmpty()) {
            return List.of();
        }
        int end = Words.ownEnd(text);
        for (Hit hit : hits) {
            if (hit.end <= end) {
                int milli = towards(text.substring(0, end), hit);
                for (String brand : hit.pattern.brands) {
                    Mood mood = brands.get(brand);
                    mood.sum += milli;
                    mood.count++;
                }
            }
        }
        List<Mention> mentions = new ArrayList<>(brands.size());
        brands.forEach((brand, mood) -> mentions.add(mention(post, end, brand, mood)));
        return mentions;
    }

    private static void mark(Map<String, Mood> brands, Hit hit) {
        for (String brand : hit.pattern.brands) {
            brands.computeIfAbsent(brand, id -> new Mood());
        }
    }

    private static Mention mention(Post post, int end, String brand, Mood mood) {
        Mention mention = new Mention();
        mention.brand = brand;
        mention.partition = post.partition;
        mention.offset = post.offset;
        mention.event_time_ms = post.eventTimeMs;
        mention.sentiment_milli = mood.count == 0 ? 0 : Math.round((float) mood.sum / mood.count);
        mention.author = post.user == null ? "" : post.user.id;
        mention.post = post.idstr;
        mention.text = post.text.substring(0, Math.min(end, 140)).strip();
        return mention;
    }

    /** The sentence with the brand; what is compared with it is praised by blaming it. */
    private int towards(String own, Hit hit) {
        int first = Words.sentenceStart(own, hit.start);
        int last = Words.sentenceEnd(own, hit.end);
        int milli = sentiment.milli(Words.signs(own.substring(first, last)));
        return Words.isComparedWith(own, first, hit.start) ? -milli : milli;
    }

    private List<Hit> find(String text) {
        String folded = Words.fold(text);
        List<Hit> found = new ArrayList<>();
        for (int at = 0; at < folded.length(); at++) {
            trie.at(folded, at, (begin, end, pattern) ->
                    found.add(new Hit(begin, end, patterns.get(pattern))));
        }
        if (found.isEmpty()) {
            return found;
        }
        String masked = Words.mask(folded);
        boolean[][] edges = new boolean[1][];
        found.removeIf(hit -> !stands(masked, hit, edges));
        if (found.size() > 1) {
            keepLeftmostLongest(found);
        }
        return found;
    }

    private boolean stands(String text, Hit hit, boolean[][] edges) {
        for (int i = hit.start; i < hit.end; i++) {
            if (text.charAt(i) == Words.BLANK) {
                return false;
            }
        }
        int needs = hit.pattern.needs;
        char before = hit.start > 0 ? text.charAt(hit.start - 1) : ' ';
        char after = hit.end < text.length() ? text.charAt(hit.end) : ' ';
        if ((needs & WORD_START) != 0 && isWord(before)) {
            return false;
        }
        if ((needs & WORD_END) != 0 && isWord(after)
                && !((needs & MAY_BE_NUMBERED) != 0 && Character.isDigit(after))) {
            return false;
        }
        boolean start = (needs & TOKEN_START) != 0;
        boolean end = (needs & TOKEN_END) != 0;
        if (start && isRun(before) || end && isRun(after)) {
            if (edges[0] == null) {
                edges[0] = tokens.edges(text);
            }
            return (!start || edges[0][hit.start]) && (!end || edges[0][hit.end]);
        }
        return true;
    }

    private static boolean isWord(char c) {
        return (Character.isLetterOrDigit(c) || c == '_') && !Character.isIdeographic(c);
    }

    private static boolean isRun(char c) {
        return Character.isLetterOrDigit(c) || "+#&._%-".indexOf(c) >= 0;
    }

    private static void keepLeftmostLongest(List<Hit> hits) {
        hits.sort(Comparator.comparingInt(Hit::start).thenComparingInt(hit -> -hit.end()));
        int[] free = {0};
        hits.removeIf(hit -> {
            if (hit.start < free[0]) {
                return true;
            }
            free[0] = hit.end;
            return false;
        });
    }
}
