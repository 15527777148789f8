package dev.millrace.spark;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.CommandExecutionMode;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.util.LongAccumulator;

/** One window through one statement into one staging table, in a session of its own: views and functions are its alone. */
final class Job {
  private Job() {}

  /** The number of rows written. */
  static long run(SparkSession shared, JsonNode job) throws Exception {
    SparkSession session = shared.newSession();
    Functions.register(session);
    Set<String> views = LogViews.make(session, job);
    Dataset<Row> answer = checked(session, job.get("sql").asText(), views);
    // One task writes: it alone knows how much there is. A sort stays a sort when its parts are read one after another.
    Dataset<Row> single = job.get("ordered").asBoolean() ? answer.coalesce(1) : answer.repartition(1);
    Sink sink = Sink.of(job.get("sink"));
    LongAccumulator written = session.sparkContext().longAccumulator();
    JsonNode limits = job.get("limits");
    single.foreachPartition(new StagingWriter(sink, limits.get("rows").asLong(), limits.get("bytes").asLong(), written));
    long count = written.value();
    long there = sink.count();
    if (there != count) {
      throw new IllegalStateException("a task wrote twice: " + there + " rows are staged, " + count + " were written");
    }
    return count;
  }

  /** Read and checked before Spark takes it: a command would run as soon as it does. */
  private static Dataset<Row> checked(SparkSession session, String sql, Set<String> views) throws Exception {
    LogicalPlan plan = session.sessionState().sqlParser().parsePlan(sql);
    QueryExecution execution = session.sessionState().executePlan(plan, CommandExecutionMode.SKIP());
    PlanGuard.check(execution.analyzed(), views);
    return Dataset.ofRows(session, plan);
  }
}
