package dev.millrace.spark;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.Properties;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.util.LongAccumulator;

/**
 * Writes the rows of a job, all of them in one task, into its staging table: counted as they come, in one transaction that
 * begins by removing what an earlier attempt of the task left.
 */
final class StagingWriter implements ForeachPartitionFunction<Row>, Serializable {
  private static final int BATCH_ROWS = 1_000;
  private static final long BATCH_BYTES = 4 << 20;

  private final String url;
  private final Properties login;
  private final String table;
  private final String[] columns;
  private final long mostRows;
  private final long mostBytes;
  private final LongAccumulator written;

  StagingWriter(Sink sink, long mostRows, long mostBytes, LongAccumulator written) {
    this.url = sink.url();
    this.login = sink.login();
    this.table = sink.table();
    this.columns = sink.columns();
    this.mostRows = mostRows;
    this.mostBytes = mostBytes;
    this.written = written;
  }

  @Override
  public void call(Iterator<Row> rows) throws SQLException {
    try (Connection connection = Sink.connect(url, login)) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute("DELETE FROM " + table);
      }
      long count = write(connection, rows);
      connection.commit();
      written.add(count);
    }
  }

  private long write(Connection connection, Iterator<Row> rows) throws SQLException {
    long count = 0;
    long bytes = 0;
    long batchBytes = 0;
    int batchRows = 0;
    try (PreparedStatement insert = connection.prepareStatement(Sink.insertOf(table, columns))) {
      while (rows.hasNext()) {
        Row row = rows.next();
        if (++count > mostRows) throw new Refused("limit", "rows: there are more than " + mostRows);
        long size = bind(insert, row);
        bytes += size;
        batchBytes += size;
        if (bytes > mostBytes) throw new Refused("limit", "bytes: the answer is longer than " + mostBytes);
        insert.addBatch();
        if (++batchRows < BATCH_ROWS && batchBytes < BATCH_BYTES) continue;
        insert.executeBatch();
        batchRows = 0;
        batchBytes = 0;
      }
      if (batchRows > 0) insert.executeBatch();
    }
    return count;
  }

  /** Bytes of the row: of its text, and 8 for each other value. */
  private long bind(PreparedStatement insert, Row row) throws SQLException {
    long size = 0;
    for (int at = 0; at < columns.length; at++) {
      Object value = row.get(at);
      if (value instanceof String) {
        size += ((String) value).getBytes(StandardCharsets.UTF_8).length;
      } else {
        size += 8;
      }
      if (value instanceof java.sql.Timestamp) {
        value = LocalDateTime.ofInstant(((java.sql.Timestamp) value).toInstant(), ZoneOffset.UTC);
      } else if (value instanceof java.sql.Date) {
        value = ((java.sql.Date) value).toLocalDate();
      }
      insert.setObject(at + 1, value);
    }
    return size;
  }
}
