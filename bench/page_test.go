package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const docs = "../docs"

func TestTheChartAndTheTablesAreThoseOfTheFigures(t *testing.T) {
	t.Parallel()
	chart, page, err := document(docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{chartFile: chart, pageFile: page} {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is stale: run make performance (%v)", name, err)
		}
	}
}

func TestTheChartShowsEverySideOfEveryTask(t *testing.T) {
	t.Parallel()
	var all results
	for _, task := range tasks {
		m := measured{Name: task.name, Unit: task.unit}
		for i, s := range task.sides {
			m.Sides = append(m.Sides, measuredSide{Name: s.name, Reports: []report{{Ops: 100 * (i + 1), Wall: 1, CPU: 1, P50: 0.01}}})
		}
		all.add("a <server>", m)
	}
	file := filepath.Join(t.TempDir(), "results.json")
	if err := all.save(file); err != nil {
		t.Fatal(err)
	}
	var chart bytes.Buffer
	if err := drawFile(&chart, file); err != nil {
		t.Fatal(err)
	}
	bars, text := 0, ""
	decoder := xml.NewDecoder(&chart)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "rect" {
				bars++
			}
		case xml.CharData:
			text += string(token) + "\n"
		}
	}
	want := 0
	for _, task := range tasks {
		want += len(task.sides)
		for _, s := range task.sides {
			if !strings.Contains(text, s.name+"\n") {
				t.Errorf("%s is not in the chart", s.name)
			}
		}
	}
	if bars != want || !strings.Contains(text, "On a <server>") {
		t.Errorf("the chart has %d bars, want %d", bars, want)
	}
}

func TestResultsOfATaskTakeThePlaceOfItsOldOnes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "results.json")
	var all results
	all.add("a", measured{Name: "post", N: 1})
	all.add("a", measured{Name: "claim", N: 1})
	all.add("b", measured{Name: "post", N: 1})
	all.add("a", measured{Name: "post", N: 2})
	if err := all.save(file); err != nil {
		t.Fatal(err)
	}
	got, err := read(file)
	if err != nil || len(got.Runs) != 2 || len(got.Runs[0].Tasks) != 2 || got.Runs[0].Tasks[0].N != 2 || got.Runs[1].Tasks[0].N != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestATaskThatTakesLongRunsOnlyIfItIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		task, only, server string
		chosen             bool
	}{
		{"post", "", "embedded", true},
		{"post-20", "claim,post", "embedded", true},
		{"latency", "", "embedded", true},
		{"latency-idle", "", "embedded", false},
		{"latency-idle", "latency", "embedded", false},
		{"latency-idle", "latency-idle", "embedded", true},
		{"idle", "idle", "canned", false},
		{"list-million", "list", "canned", false},
		{"list-million", "list-million", "canned", true},
		{"page", "", "embedded", false},
	} {
		for _, task := range tasks {
			if task.name == c.task && task.chosen(c.only, c.server) != c.chosen {
				t.Errorf("%+v", c)
			}
		}
	}
}
