package leimo.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * jieba's cut by its dictionary: of all ways through a text the most probable. Its hidden Markov
 * model for unknown words is left out.
 */
final class Tokens {
    private final Trie trie;
    private final double[] logarithms;
    private final double unknown;

    /** Lines of `word count tag`. */
    Tokens(Path dictionary) throws IOException {
        List<String> lines = Files.readAllLines(dictionary);
        List<String> words = new ArrayList<>(lines.size());
        logarithms = new double[lines.size()];
        double total = 0;
        for (String line : lines) {
            String[] fields = line.split(" ");
            double count = Double.parseDouble(fields[1]);
            total += count;
            logarithms[words.size()] = Math.log(Math.max(count, 1));
            words.add(Words.fold(fields[0]));
        }
        trie = new Trie(words);
        unknown = -Math.log(total);
    }

    /** Which positions of a text are edges of tokens. */
    boolean[] edges(String text) {
        int length = text.length();
        double[] best = new double[length + 1];
        int[] from = new int[length + 1];
        Arrays.fill(best, 1, length + 1, Double.NEGATIVE_INFINITY);
        for (int at = 0; at < length; at++) {
            offer(best, from, at, at + 1, unknown);
            trie.at(text, at, (begin, end, number) ->
                    offer(best, from, begin, end, logarithms[number] + unknown));
        }
        boolean[] edges = new boolean[length + 1];
        for (int at = length; at > 0; at = from[at]) {
            edges[at] = true;
        }
        edges[0] = true;
        return edges;
    }

    private static void offer(double[] best, int[] from, int begin, int end, double logarithm) {
        if (best[begin] + logarithm > best[end]) {
            best[end] = best[begin] + logarithm;
            from[end] = begin;
        }
    }
}
