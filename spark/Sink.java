package dev.millrace.spark;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Collections;
import java.util.Properties;
import java.util.stream.Collectors;
import org.mariadb.jdbc.Driver;

/** Where the rows of a job go. The login travels beside the URL, so that no message shows a password. */
record Sink(String url, Properties login, String table, String[] columns) {
  static Sink of(JsonNode sink) {
    Properties login = new Properties();
    sink.get("login").fields().forEachRemaining(each -> login.setProperty(each.getKey(), each.getValue().asText()));
    String[] columns = new String[sink.get("columns").size()];
    for (int at = 0; at < columns.length; at++) columns[at] = quoted(sink.get("columns").get(at).asText());
    String table = quoted(sink.get("schema").asText()) + "." + quoted(sink.get("table").asText());
    return new Sink(sink.get("url").asText(), login, table, columns);
  }

  static Connection connect(String url, Properties login) throws SQLException {
    Connection connection = new Driver().connect(url, login);
    if (connection == null) throw new SQLException("not an address of MariaDB");
    return connection;
  }

  static String insertOf(String table, String[] columns) {
    String places = String.join(", ", Collections.nCopies(columns.length, "?"));
    return "INSERT INTO " + table + " (" + Arrays.stream(columns).collect(Collectors.joining(", ")) + ") VALUES (" + places + ")";
  }

  /** What is there now. */
  long count() throws SQLException {
    try (Connection connection = connect(url, login);
        Statement statement = connection.createStatement();
        ResultSet answer = statement.executeQuery("SELECT count(*) FROM " + table)) {
      answer.next();
      return answer.getLong(1);
    }
  }

  private static String quoted(String name) {
    return "`" + name.replace("`", "``") + "`";
  }
}
