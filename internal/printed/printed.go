// Package printed shows tests all that a value prints, so that they can look for secrets.
package printed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
)

// Everywhere returns a value in every form that fmt, slog and JSON have for it.
func Everywhere(value any) string {
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
	encoded, _ := json.Marshal(value) //nolint:errchkjson // what cannot be encoded shows nothing
	out.Write(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		fmt.Fprintf(&out, verb, value)
	}
	return out.String()
}
