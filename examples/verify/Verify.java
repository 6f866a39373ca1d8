// java Verify.java ID TIMESTAMP SIGNATURE < BODY, with the secret in WEBHOOK_SECRET: ends with 0 when it is genuine.
import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Verify {
  static final long TOLERANCE_SECONDS = 300;

  static boolean verify(String secret, String id, String timestamp, String signatures, byte[] body) throws Exception {
    if (!timestamp.matches("[0-9]{1,10}")) return false;
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE_SECONDS) return false;
    byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    mac.update((id + "." + timestamp + ".").getBytes(UTF_8));
    byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(UTF_8);
    for (String entry : signatures.split(" ")) {
      if (MessageDigest.isEqual(entry.getBytes(UTF_8), expected)) return true;
    }
    return false;
  }

  public static void main(String[] args) throws Exception {
    byte[] body = System.in.readAllBytes();
    boolean genuine = verify(System.getenv("WEBHOOK_SECRET"), args[0], args[1], args[2], body);
    System.exit(genuine ? 0 : 1);
  }
}
