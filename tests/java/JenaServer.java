import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import org.apache.jena.query.Dataset;
import org.apache.jena.query.DatasetFactory;
import org.apache.jena.query.Query;
import org.apache.jena.query.QueryExecution;
import org.apache.jena.query.QueryExecutionFactory;
import org.apache.jena.query.QueryFactory;
import org.apache.jena.query.QueryParseException;
import org.apache.jena.query.ReadWrite;
import org.apache.jena.query.ResultSetFormatter;
import org.apache.jena.riot.Lang;
import org.apache.jena.riot.RDFDataMgr;
import org.apache.jena.sparql.core.DatasetDescription;
import org.apache.jena.sparql.core.DynamicDatasets;
import org.apache.jena.update.UpdateAction;
import org.apache.jena.update.UpdateFactory;

/** A SPARQL 1.1 endpoint over Apache Jena's engine and its transactional store in memory. */
public class JenaServer {
  private static final Dataset HELD = DatasetFactory.createTxnMem();

  public static void main(String[] args) throws IOException {
    var here = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]));
    HttpServer server = HttpServer.create(here, 0);
    server.createContext("/ds", JenaServer::answer);
    server.setExecutor(Executors.newFixedThreadPool(2));
    server.start();
  }

  private static void answer(HttpExchange asked) throws IOException {
    String type = String.valueOf(asked.getRequestHeaders().getFirst("Content-Type"));
    String body = new String(asked.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (type.startsWith("application/sparql-update")) {
        update(body);
        send(asked, 204, null, new byte[0]);
      } else {
        query(asked, body);
      }
    } catch (QueryParseException wrong) {
      send(asked, 400, "text/plain", String.valueOf(wrong.getMessage()).getBytes());
    } catch (RuntimeException wrong) {
      send(asked, 500, "text/plain", String.valueOf(wrong).getBytes());
    }
  }

  private static void update(String text) {
    var request = UpdateFactory.create(text);
    HELD.begin(ReadWrite.WRITE);
    try {
      UpdateAction.execute(request, HELD);
      HELD.commit();
    } catch (RuntimeException wrong) {
      HELD.abort();
      throw wrong;
    } finally {
      HELD.end();
    }
  }

  private static void query(HttpExchange asked, String form) throws IOException {
    Query query = QueryFactory.create(fields(form, "query").get(0));
    var described = new DatasetDescription();
    described.addAllDefaultGraphURIs(fields(form, "default-graph-uri"));
    described.addAllNamedGraphURIs(fields(form, "named-graph-uri"));
    var written = new ByteArrayOutputStream();
    String kind = "application/n-triples";
    HELD.begin(ReadWrite.READ);
    Dataset seen =
        described.isEmpty() ? HELD : DynamicDatasets.dynamicDataset(described, HELD, false);
    try (QueryExecution run = QueryExecutionFactory.create(query, seen)) {
      if (query.isConstructType()) {
        RDFDataMgr.write(written, run.execConstruct(), Lang.NTRIPLES);
      } else if (query.isDescribeType()) {
        RDFDataMgr.write(written, run.execDescribe(), Lang.NTRIPLES);
      } else {
        kind = "application/sparql-results+json";
        if (query.isAskType()) {
          ResultSetFormatter.outputAsJSON(written, run.execAsk());
        } else {
          ResultSetFormatter.outputAsJSON(written, run.execSelect());
        }
      }
    } finally {
      HELD.end();
    }
    send(asked, 200, kind, written.toByteArray());
  }

  private static List<String> fields(String form, String name) {
    List<String> found = new ArrayList<>();
    for (String pair : form.split("&")) {
      if (pair.startsWith(name + "=")) {
        found.add(URLDecoder.decode(pair.substring(name.length() + 1), StandardCharsets.UTF_8));
      }
    }
    return found;
  }

  private static void send(HttpExchange asked, int status, String kind, byte[] body)
      throws IOException {
    if (kind != null) {
      asked.getResponseHeaders().set("Content-Type", kind);
    }
    asked.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      try (OutputStream out = asked.getResponseBody()) {
        out.write(body);
      }
    }
    asked.close();
  }
}
