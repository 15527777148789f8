package dev.millrace.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What went wrong, as the parent process is told: a kind and one line. */
record Failure(String kind, String message) {
  private static final Pattern OURS = Pattern.compile("millrace:(denied|limit):([^\\n]*)");
  private static final int LENGTH = 500;

  static Failure of(Throwable error) {
    StringBuilder all = new StringBuilder();
    Throwable root = error;
    for (Throwable each = error; each != null && all.length() < 100_000; each = each.getCause()) {
      all.append(each).append('\n');
      root = each;
    }
    Matcher ours = OURS.matcher(all);
    if (ours.find()) return new Failure(ours.group(1), ours.group(2));
    String text = all.toString();
    if (text.contains("OutOfMemoryError")) return new Failure("limit", "memory: " + line(root));
    if (text.contains("Failed to open native connection") || text.contains("AllNodesFailedException") || text.contains("NoNodeAvailable")
        || text.contains("DriverTimeoutException") || text.contains("UnavailableException")) {
      return new Failure("cassandra", line(root));
    }
    if (text.contains("java.sql.SQL") && text.contains("onnection")) return new Failure("mariadb", line(root));
    if (text.contains("All masters are unresponsive") || text.contains("SparkContext was shut down") || text.contains("stopped SparkContext")
        || text.contains("ExecutorLostFailure") || text.contains("Master removed our application")) {
      return new Failure("spark", line(root));
    }
    return new Failure("failed", line(root));
  }

  private static String line(Throwable error) {
    String text = error.getMessage() == null ? error.toString() : error.getMessage();
    // Of a task's failure what is said first; of an analysis nothing about the text, which nobody wrote.
    Matcher lost = Pattern.compile("Lost task[^:]*: ([^\\n]*)").matcher(text);
    String shown = lost.find() ? lost.group(1).replaceFirst("^[A-Za-z0-9_.$]+: ", "") : text.split("\\n")[0];
    return shown.replaceAll(" If necessary set \"spark\\.sql\\.ansi\\.enabled\".*", "").substring(0, Math.min(LENGTH, shown.replaceAll(" If necessary set \"spark\\.sql\\.ansi\\.enabled\".*", "").length()));
  }
}
