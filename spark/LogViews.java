package dev.millrace.spark;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The tables of the log as SQL sees them, of the blocks of one job alone. The blocks' hashes are the partition keys: each is
 * read by its key (the connector's direct join), and nothing else of the table is.
 */
final class LogViews {
  /** Blocks that one task reads. */
  private static final int BLOCKS_A_TASK = 32;

  private LogViews() {}

  /** Names of the views. */
  static Set<String> make(SparkSession session, JsonNode job) {
    List<byte[]> hashes = new ArrayList<>();
    for (JsonNode hash : job.get("blocks")) hashes.add(HexFormat.of().parseHex(hash.asText()));
    int tasks = Math.max(1, Math.min(200, (hashes.size() + BLOCKS_A_TASK - 1) / BLOCKS_A_TASK));
    Set<String> names = new HashSet<>();
    for (JsonNode view : job.get("views")) {
      Dataset<Row> keys = session.createDataset(hashes, Encoders.BINARY()).toDF("wanted_block").repartition(tasks);
      Dataset<Row> table =
          session
              .read()
              .format("org.apache.spark.sql.cassandra")
              .option("keyspace", job.get("keyspace").asText())
              .option("table", view.get("table").asText())
              .option("directJoinSetting", "on")
              .load();
      List<String> columns = new ArrayList<>();
      for (JsonNode column : view.get("columns")) columns.add(column.asText());
      Dataset<Row> rows = keys.join(table, keys.col("wanted_block").equalTo(table.col(view.get("key").asText())));
      if (view.hasNonNull("where")) rows = rows.where(view.get("where").asText());
      String name = view.get("name").asText();
      rows.selectExpr(columns.toArray(new String[0])).createOrReplaceTempView(name);
      names.add(name);
    }
    return names;
  }
}
