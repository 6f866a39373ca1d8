// go run verify.go ID TIMESTAMP SIGNATURE < BODY, with the secret in WEBHOOK_SECRET: ends with 0 when it is genuine.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

func verify(secret, id, timestamp, signatures string, body []byte) bool {
	seconds, err := strconv.ParseUint(timestamp, 10, 32)
	if err != nil || math.Abs(float64(time.Since(time.Unix(int64(seconds), 0)))) > float64(tolerance) {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, entry := range strings.Split(signatures, " ") {
		if hmac.Equal([]byte(entry), []byte(expected)) {
			return true
		}
	}
	return false
}

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil || !verify(os.Getenv("WEBHOOK_SECRET"), os.Args[1], os.Args[2], os.Args[3], body) {
		os.Exit(1)
	}
}
