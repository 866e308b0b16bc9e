package leimo.peers;

import com.hankcs.algorithm.AhoCorasickDoubleArrayTrie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeMap;

/**
 * jieba's cut by its dictionary: of all ways through a text the most probable. Its hidden Markov
 * model for unknown words is left out.
 */
final class Tokens {
    private final AhoCorasickDoubleArrayTrie<Double> words = new AhoCorasickDoubleArrayTrie<>();
    private final double unknown;

    /** Lines of `word count tag`. */
    Tokens(Path dictionary) throws IOException {
        TreeMap<String, Double> counts = new TreeMap<>();
        double total = 0;
        for (String line : Files.readAllLines(dictionary)) {
            String[] fields = line.split(" ");
            double count = Double.parseDouble(fields[1]);
            total += count;
            counts.put(Words.fold(fields[0]), count);
        }
        double all = Math.log(total);
        counts.replaceAll((word, count) -> Math.log(Math.max(count, 1)) - all);
        words.build(counts);
        unknown = -all;
    }

    /** Which positions of a text are edges of tokens. */
    boolean[] edges(String text) {
        int length = text.length();
        double[] best = new double[length + 1];
        int[] from = new int[length + 1];
        int[] reached = {0};
        Arrays.fill(best, Double.NEGATIVE_INFINITY);
        best[0] = 0;
        // Words come in the order of their ends, so all ways to their starts are known.
        words.parseText(text, (begin, end, logarithm) -> {
            step(best, from, reached, end - 1);
            offer(best, from, begin, end, logarithm);
        });
        step(best, from, reached, length);
        boolean[] edges = new boolean[length + 1];
        edges[0] = true;
        for (int at = length; at > 0; at = from[at]) {
            edges[at] = true;
        }
        return edges;
    }

    private void step(double[] best, int[] from, int[] reached, int to) {
        for (; reached[0] < to; reached[0]++) {
            offer(best, from, reached[0], reached[0] + 1, unknown);
        }
    }

    private static void offer(double[] best, int[] from, int begin, int end, double logarithm) {
        if (best[begin] + logarithm > best[end]) {
            best[end] = best[begin] + logarithm;
            from[end] = begin;
        }
    }
}
