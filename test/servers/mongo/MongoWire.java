// A server that speaks MongoDB's wire protocol, for machines without mongod: `java MongoWire.java HOST PORT FILE`.
// It lacks sessions, transactions, change streams and expiry; MILLRACE_TEST_MONGODB names a real one instead.

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

public final class MongoWire {
  /** What the server says it is, so that present drivers connect. */
  private static final MongoVersion VERSION =
      new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
          return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
          return 13;
        }
      };

  public static void main(String[] args) throws InterruptedException {
    MongoServer server = new MongoServer(new H2Backend(args[2]).version(VERSION));
    server.bind(args[0], Integer.parseInt(args[1]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
    System.out.println("ready");
    Thread.currentThread().join();
  }
}
