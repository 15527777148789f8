package dev.millrace.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * Spark's driver, kept running by src/batch-engine/spark/driver.ts. It is told what to do by JSON lines on standard input:
 * first `{"conf": {…}}`, then `{"job": id, …}` and `{"cancel": id}`. It answers by JSON lines on standard output:
 * `{"ready": "3.5.9"}`, then `{"job": id, "rows": n}` or `{"job": id, "kind": …, "message": …}`. It ends with its input,
 * so it does not outlive the process that started it.
 */
public final class Driver {
  private static final int CONCURRENT_JOBS = 2;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PrintStream answers;
  private final SparkSession session;
  private final ExecutorService jobs = Executors.newFixedThreadPool(CONCURRENT_JOBS);
  private final Set<String> cancelled = ConcurrentHashMap.newKeySet();

  private Driver(PrintStream answers, SparkSession session) {
    this.answers = answers;
    this.session = session;
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // What libraries print is no answer.
    System.setOut(System.err);
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String first = orders.readLine();
    if (first == null) return;
    try {
      SparkConf conf = new SparkConf();
      JSON.readTree(first).get("conf").fields().forEachRemaining(each -> conf.set(each.getKey(), each.getValue().asText()));
      SparkSession session = SparkSession.builder().config(conf).getOrCreate();
      Driver driver = new Driver(answers, session);
      driver.say(JSON.createObjectNode().put("ready", session.version()));
      for (String line = orders.readLine(); line != null; line = orders.readLine()) driver.take(JSON.readTree(line));
    } catch (Throwable error) {
      Failure failure = Failure.of(error);
      answers.println(JSON.createObjectNode().put("kind", failure.kind()).put("message", failure.message()));
    }
    // Spark's threads and jobs that hang end with it.
    Runtime.getRuntime().halt(0);
  }

  private void take(JsonNode order) {
    if (order.hasNonNull("cancel")) {
      String id = order.get("cancel").asText();
      cancelled.add(id);
      session.sparkContext().cancelJobGroup(id);
      session.sparkContext().cancelJobsWithTag(id);
      return;
    }
    jobs.submit(() -> run(order));
  }

  private void run(JsonNode order) {
    String id = order.get("job").asText();
    ObjectNode answer = JSON.createObjectNode().put("job", id);
    try {
      if (cancelled.contains(id)) throw new Refused("limit", "cancelled");
      session.sparkContext().setJobGroup(id, id, true);
      session.sparkContext().addJobTag(id);
      answer.put("rows", Job.run(session, order));
    } catch (Throwable error) {
      Failure failure = Failure.of(error);
      answer.put("kind", failure.kind()).put("message", failure.message());
    } finally {
      session.sparkContext().clearJobGroup();
      session.sparkContext().removeJobTag(id);
      cancelled.remove(id);
    }
    say(answer);
  }

  private synchronized void say(ObjectNode answer) {
    answers.println(answer);
  }
}
