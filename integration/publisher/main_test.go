package main

import (
	"bytes"
	"testing"
)

func TestFiftyThousandFuturesMatchWhatIsStored(t *testing.T) {
	var table bytes.Buffer
	mismatches, err := publishAll(&table, "", "", 50_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
	for i, m := range mismatches {
		if i == 20 {
			t.Fatalf("and %d more", len(mismatches)-i)
		}
		t.Error(m)
	}
}
