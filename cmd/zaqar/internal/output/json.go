package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// JSON prints a whole document with sorted keys, as some commands of cliff do.
func JSON(w io.Writer, document []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	sorted, err := valuesOf([]any{content})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	(&jsonWriter{b: &b, indent: 4}).write(sorted[0].raw, 0)
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}
