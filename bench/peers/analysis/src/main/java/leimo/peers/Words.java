package leimo.peers;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Folding, masks, the repost chain and sentences: as analysis/words.py and analysis/clauses.py. */
final class Words {
    static final char BLANK = '\0';

    private static final String URL = "[a-z0-9\\-._~:/?#@!$&'()*+,;=%]";
    private static final Pattern MASKS = Pattern.compile(
            "^\\s*回[复覆復]\\s*[@＠][\\w\\-·]{1,30}\\s*[:：]?"
                    + "|(?:https?://|www\\.)" + URL + "+"
                    + "|\\b[a-z0-9-]{1,63}(?:\\.[a-z0-9-]{1,63}){1,4}/" + URL + "*"
                    + "|[@＠][\\w\\-·]{1,30}(?:\\.[a-z0-9\\-.]{1,60})?"
                    + "|\\[[^\\[\\]\\s]{1,8}\\]",
            Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern CHAIN =
            Pattern.compile("//\\s*[@＠][^\\s:：/@＠]{1,40}(?:\\s?[:：]|…?\\s*$)");
    private static final Pattern MASKED = Pattern.compile("@[\\w-]+|https?://[\\w./?=&%#-]+");
    private static final Pattern COMPARED_WITH = Pattern.compile(
            "(?:不如|比不上|不及|比起|相比(?:于|之下)?|(?<![性价对占类同之无好百相分])比)\\s*$");
    private static final String SENTENCE_ENDS = "。！？!?；;…\n";

    private Words() {}

    /** Case and width of letters and digits; every character keeps its place. */
    static String fold(String text) {
        char[] folded = text.toCharArray();
        for (int i = 0; i < folded.length; i++) {
            char c = folded[i];
            if (c >= 0xFF10 && c <= 0xFF19 || c >= 0xFF21 && c <= 0xFF3A || c >= 0xFF41 && c <= 0xFF5A) {
                c -= 0xFEE0;
            }
            folded[i] = Character.toLowerCase(c);
        }
        return new String(folded);
    }

    /** Handles, links and [emoticons] of a folded text blanked. */
    static String mask(String folded) {
        boolean may = false;
        for (int i = 0; i < folded.length() && !may; i++) {
            char c = folded.charAt(i);
            may = c == '@' || c == '＠' || c == '[' || c == '/';
        }
        if (!may && !folded.contains("www.")) {
            return folded;
        }
        char[] masked = folded.toCharArray();
        Matcher found = MASKS.matcher(folded);
        while (found.find()) {
            java.util.Arrays.fill(masked, found.start(), found.end(), BLANK);
        }
        return new String(masked);
    }

    /** Where the author's own words end. */
    static int ownEnd(String text) {
        if (text.contains("//")) {
            Matcher chain = CHAIN.matcher(text);
            if (chain.find()) {
                return chain.start();
            }
        }
        return text.length();
    }

    /** Handles and links as one sign, for the sentiment. */
    static String signs(String text) {
        return text.indexOf('@') >= 0 || text.contains("http") ? MASKED.matcher(text).replaceAll("@") : text;
    }

    static int sentenceStart(String text, int start) {
        while (start > 0 && SENTENCE_ENDS.indexOf(text.charAt(start - 1)) < 0) {
            start--;
        }
        return start;
    }

    static int sentenceEnd(String text, int end) {
        while (end < text.length() && SENTENCE_ENDS.indexOf(text.charAt(end)) < 0) {
            end++;
        }
        while (end < text.length() && SENTENCE_ENDS.indexOf(text.charAt(end)) >= 0) {
            end++;
        }
        return end;
    }

    /** Whether the brand at `start` is the one that another is compared with. */
    static boolean isComparedWith(String text, int sentence, int start) {
        return COMPARED_WITH.matcher(text.substring(Math.max(sentence, start - 6), start)).find();
    }
}
