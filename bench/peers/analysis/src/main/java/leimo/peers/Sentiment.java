package leimo.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** leimo's linear model over character n-grams, from a TSV of its weights. */
final class Sentiment {
    private static final int ORDER = 4;
    private static final int MAX_LENGTH = 1000;
    private static final int SLOT_BITS = 21;

    private final long[] keys;
    private final int[] positive;
    private final int[] negative;
    private final int[] slots = new int[1 << SLOT_BITS];
    private final long[] header;

    /** First line: bias and scale of positive and negative, smoothing; then key, two weights. */
    Sentiment(Path weights) throws IOException {
        List<String> lines = Files.readAllLines(weights);
        header = Arrays.stream(lines.get(0).split("\t")).mapToLong(Long::parseLong).toArray();
        keys = new long[lines.size()];
        positive = new int[lines.size()];
        negative = new int[lines.size()];
        for (int n = 1; n < lines.size(); n++) {
            String[] fields = lines.get(n).split("\t");
            keys[n] = Long.parseUnsignedLong(fields[0]);
            positive[n] = Integer.parseInt(fields[1]);
            negative[n] = Integer.parseInt(fields[2]);
            slots[slot(keys[n])] = n; // the weights come with slots of their own each
        }
    }

    private static int slot(long key) {
        return (int) ((key * 0x9E3779B97F4A7C15L) >>> (64 - SLOT_BITS));
    }

    /** P(positive) - P(negative) in thousandths. */
    int milli(String text) {
        int length = Math.min(text.length(), MAX_LENGTH) + 2;
        int[] found = new int[ORDER * length];
        int count = 0;
        int han = 0;
        int kana = 0;
        int other = 0;
        long window = 0;
        char[] codes = new char[length];
        for (int i = 0; i < length; i++) {
            char code = i == 0 ? 2 : i == length - 1 ? 3 : code(text.charAt(i - 1));
            codes[i] = code;
            if (code >= 0x4E00 && code < 0xA000) {
                han++;
            } else if (code >= 0x3041 && code < 0x30FB || code >= 0xAC00 && code < 0xD7A4) {
                kana++;
            } else if (code >= 'a' && code <= 'z' || code >= 0xC0 && code < 0x2000) {
                other++;
            }
            if (i >= 3 && code == codes[i - 1] && code == codes[i - 2] && code == codes[i - 3]) {
                code = 0xFFFE;
            }
            window = window << 16 | code;
            for (int order = 1; order <= Math.min(ORDER, i + 1); order++) {
                long key = order == ORDER ? window : window & (1L << 16 * order) - 1;
                int number = slots[slot(key)];
                if (number != 0 && keys[number] == key) {
                    found[count++] = number;
                }
            }
        }
        if (!(han > 0 && han >= kana || kana + other == 0)) {
            return 0;
        }
        return balance(found, count, length);
    }

    /** An n-gram counts once in a text. */
    private int balance(int[] found, int count, int length) {
        Arrays.sort(found, 0, count);
        long up = 0;
        long down = 0;
        for (int i = 0; i < count; i++) {
            if (i == 0 || found[i] != found[i - 1]) {
                up += positive[found[i]];
                down += negative[found[i]];
            }
        }
        double gain = 1 / Math.sqrt(Math.max(length + header[4], 1)) / 65536;
        double toPositive = Math.exp((header[0] + up * gain * header[2]) / 1024);
        double toNegative = Math.exp((header[1] + down * gain * header[3]) / 1024);
        return (int) Math.round(1000 * (toPositive - toNegative) / (toPositive + toNegative + 1));
    }

    private static char code(char c) {
        if (c >= 0xFF01 && c < 0xFF5F) {
            c -= 0xFEE0;
        }
        if (c >= 'A' && c <= 'Z') {
            return (char) (c + 32);
        }
        if (c >= 9 && c <= 13 || c == 0xA0 || c == 0x3000) {
            return ' ';
        }
        return c;
    }
}
