package leimo.peers;

import java.util.Arrays;
import java.util.Collection;

/** Words, found at any place of a text: the steps of a trie in one hash table. */
final class Trie {
    interface Found {
        /** The word of that number, in the order given, stands at [begin, end). */
        void word(int begin, int end, int number);
    }

    private final long[] steps;
    private final int[] nodes;
    private final int[] words;
    private final int mask;

    Trie(Collection<String> listed) {
        int characters = listed.stream().mapToInt(String::length).sum();
        int size = Integer.highestOneBit(characters + 1) << 1;
        steps = new long[size];
        nodes = new int[size];
        words = new int[characters + 1];
        mask = size - 1;
        Arrays.fill(words, -1);
        int free = 1;
        int number = 0;
        for (String word : listed) {
            int node = 0;
            for (int i = 0; i < word.length(); i++) {
                int slot = slot(node, word.charAt(i));
                if (nodes[slot] == 0) {
                    steps[slot] = step(node, word.charAt(i));
                    nodes[slot] = free++;
                }
                node = nodes[slot];
            }
            words[node] = number++;
        }
    }

    /** All words that begin at a position, the shortest first. */
    void at(String text, int begin, Found found) {
        int node = 0;
        for (int i = begin; i < text.length(); i++) {
            node = nodes[slot(node, text.charAt(i))];
            if (node == 0) {
                return;
            }
            if (words[node] >= 0) {
                found.word(begin, i + 1, words[node]);
            }
        }
    }

    private static long step(int node, char c) {
        return (long) node << 16 | c;
    }

    /** Where the step is, or would be: no step leads to the root, so its node is 0 there. */
    private int slot(int node, char c) {
        long step = step(node, c);
        int slot = (int) (step * 0x9E3779B97F4A7C15L >>> 32) & mask;
        while (nodes[slot] != 0 && steps[slot] != step) {
            slot = slot + 1 & mask;
        }
        return slot;
    }
}
