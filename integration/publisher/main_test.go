package main

import (
	"bytes"
	"testing"
)

func TestFiftyThousandFuturesTellTheTruth(t *testing.T) {
	var table bytes.Buffer
	lies, err := publishAll(&table, "", 50_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
	for i, lie := range lies {
		if i == 20 {
			t.Fatalf("and %d more", len(lies)-i)
		}
		t.Error(lie)
	}
}
