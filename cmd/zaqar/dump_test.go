//go:build unix

package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// dumpedMessages is how many messages are dumped and loaded. ZAQAR_TEST_DUMP sets another
// number, such as 20000.
func dumpedMessages(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ZAQAR_TEST_DUMP")
	if text == "" {
		return 240
	}
	n, err := strconv.Atoi(text)
	check(t, err)
	return n
}

// batch is how many messages zaqar load posts at a time.
const batch = 80

// oddBody returns a body that is easily spoilt.
func oddBody(number, all int) string {
	if number%(all/min(all/100, 100)) == 7 {
		return fmt.Sprintf(`{"n":%d,"large":"%s"}`, number, strings.Repeat("0123456789", 20_000))
	}
	switch number % 10 {
	case 0:
		return fmt.Sprintf(`{"n":%d,"text":"é 😀 %c <&> \u0000 \\ \" \/ \ud83d\ude00"}`, number, '\u202e')
	case 1:
		return strconv.FormatInt(math.MaxInt64-int64(number), 10)
	case 2:
		return strconv.FormatInt(math.MinInt64+int64(number), 10)
	case 3:
		return `null`
	case 4:
		return `""`
	case 5:
		return `{}`
	case 6:
		return `[[],{"":null},[null,""]]`
	case 7:
		return fmt.Sprintf(`[%d,1.5e-7,1e400,-0.0,9007199254740993]`, number)
	case 8:
		return `{"b":1,"a":2,"b ":3}`
	default:
		return fmt.Sprintf(`"%d\n\t\u2028"`, number)
	}
}

// fill posts odd messages to a queue, and dumps it to a file.
func (r *relay) fill(t *testing.T, all int) (file string) {
	t.Helper()
	dir := t.TempDir()
	var in bytes.Buffer
	for number := range all {
		fmt.Fprintln(&in, oddBody(number, all))
	}
	source := filepath.Join(dir, "source.ndjson")
	check(t, os.WriteFile(source, in.Bytes(), 0o600))
	r.command(t, "post", "source", "--file", source, "--ttl", "24h").run(t, 0)
	file = filepath.Join(dir, "dump.ndjson")
	r.command(t, "dump", "source", "-o", file).run(t, 0)
	compareBodies(t, &in, file)
	return file
}

// compareBodies checks that the bodies of a dump are those that were posted.
func compareBodies(t *testing.T, posted *bytes.Buffer, file string) {
	t.Helper()
	dumped, err := os.Open(file)
	check(t, err)
	defer func() { _ = dumped.Close() }()
	want, got := bufio.NewReader(posted), bufio.NewReader(dumped)
	for number := 1; ; number++ {
		wanted, end := want.ReadBytes('\n')
		line, _ := got.ReadBytes('\n')
		if end != nil && len(line) == 0 {
			return
		}
		var read struct {
			TTL  int             `json:"ttl"`
			Body json.RawMessage `json:"body"`
			Text string          `json:"body_text"`
		}
		check(t, json.Unmarshal(line, &read))
		if read.Text != "" { // a server makes Infinity of 1e400
			read.Body = json.RawMessage(strings.Replace(read.Text, "Infinity", "1e400", 1))
		}
		if read.TTL != 86400 || !reflect.DeepEqual(decoded(t, read.Body), decoded(t, wanted)) {
			t.Fatalf("line %d is %.200s, want the body %.200s", number, line, wanted)
		}
	}
}

// decoded returns a JSON value. Integers keep all their digits.
func decoded(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	check(t, decoder.Decode(&value))
	return plainNumbers(value)
}

// plainNumbers writes fractions in one way, since servers write them in their own.
func plainNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") && v != "1e400" {
			f, err := v.Float64()
			return []any{f, err}
		}
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plainNumbers(v[key])
		}
	}
	return value
}

func TestALoadedDumpIsDumpedAsTheSameBytes(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	all := dumpedMessages(t)
	began := time.Now()
	file := r.fill(t, all)
	filled := time.Now()
	r.command(t, "load", "copy", file).run(t, 0)
	loaded := time.Now()
	again := filepath.Join(filepath.Dir(file), "again.ndjson")
	r.command(t, "dump", "copy", "-o", again).run(t, 0)
	first, err := os.ReadFile(file)
	check(t, err)
	second, err := os.ReadFile(again)
	check(t, err)
	if !bytes.Equal(first, second) {
		t.Errorf("the dump of the copy has other bytes")
	}
	t.Logf("%d messages, %d bytes: posted, dumped and compared in %v, loaded in %v, dumped in %v",
		all, len(first), filled.Sub(began).Round(time.Millisecond), loaded.Sub(filled).Round(time.Millisecond), time.Since(loaded).Round(time.Millisecond))
}

func TestALoadThatIsKilledIsResumed(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	all := dumpedMessages(t)
	file := r.fill(t, all)
	for name, kill := range map[string]func(end func(), next http.Handler, w http.ResponseWriter, req *http.Request){
		"before a batch is stored": func(end func(), _ http.Handler, _ http.ResponseWriter, _ *http.Request) { end() },
		"before the answer arrives": func(end func(), next http.Handler, _ http.ResponseWriter, req *http.Request) {
			next.ServeHTTP(httptest.NewRecorder(), req)
			end()
		},
		"as the answer arrives": func(end func(), next http.Handler, w http.ResponseWriter, req *http.Request) {
			next.ServeHTTP(w, req)
			_ = http.NewResponseController(w).Flush()
			end()
		},
	} {
		t.Run(name, func(t *testing.T) {
			queue := strings.ReplaceAll(name, " ", "_")
			p := r.command(t, "load", queue, file)
			var posts atomic.Int32
			r.on(func(next http.Handler, w http.ResponseWriter, req *http.Request) {
				if !isPost(req) || int(posts.Add(1)) != (all/batch+1)/2 {
					next.ServeHTTP(w, req)
					return
				}
				kill(func() { p.signal(os.Kill); <-p.ended }, next, w, req)
			})
			p.run(t, -1)
			r.on(usual)
			r.command(t, "load", queue, file, "--resume").run(t, 0)
			missing, twice := compareLines(t, file, r.dump(t, queue))
			if missing > 0 || twice > batch {
				t.Errorf("%d missing, %d twice", missing, twice)
			}
			t.Logf("killed %s: %d of %d missing, %d twice", name, missing, all, twice)
			if left, err := filepath.Glob(file + ".*"); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestALoadThatIsInterruptedIsResumedWithoutDuplicates(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	all := dumpedMessages(t)
	file := r.fill(t, all)
	want, err := os.ReadFile(file)
	check(t, err)
	lines := bytes.SplitAfter(want, []byte("\n"))

	// It reads half of the dump, and waits for more when the signal comes.
	state := filepath.Join(filepath.Dir(file), "state")
	p := r.command(t, "load", "copy", "--state", state)
	posted := make(chan struct{}, all)
	r.on(func(next http.Handler, w http.ResponseWriter, req *http.Request) {
		next.ServeHTTP(w, req)
		if isPost(req) {
			posted <- struct{}{}
		}
	})
	in, err := p.cmd.StdinPipe()
	check(t, err)
	p.start(t)
	_, err = in.Write(bytes.Join(lines[:all/2], nil))
	check(t, err)
	p.until(t, func() bool { return r.count(t, "copy") == all/2 }, posted)
	check(t, p.cmd.Process.Signal(os.Interrupt))
	if code := p.wait(t); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if want := fmt.Sprintf("zaqar: stopped: %s messages are stored; --resume continues there\n", grouped(all/2)); p.err.String() != want {
		t.Errorf("stderr %q, want %q", &p.err, want)
	}

	resumed := r.command(t, "load", "copy", "--state", state, "--resume")
	resumed.cmd.Stdin = bytes.NewReader(want)
	resumed.run(t, 0)
	got, err := os.ReadFile(r.dump(t, "copy"))
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Error("messages are missing, there twice, or in another order")
	}
}

// grouped writes a number as zaqar does.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// count returns how many messages a queue has.
func (r *relay) count(t *testing.T, queue string) int {
	t.Helper()
	stats, err := r.client.Queue(queue).Stats(t.Context())
	check(t, err)
	return stats.Total
}

// dump dumps a queue to a file.
func (r *relay) dump(t *testing.T, queue string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "dump.ndjson")
	r.command(t, "dump", queue, "-o", file).run(t, 0)
	return file
}

// compareLines counts the lines that one file has more often than the other one.
func compareLines(t *testing.T, want, got string) (missing, more int) {
	t.Helper()
	count := func(name string) map[string]int {
		text, err := os.ReadFile(name)
		check(t, err)
		lines := map[string]int{}
		for line := range strings.Lines(string(text)) {
			lines[line]++
		}
		return lines
	}
	wanted, found := count(want), count(got)
	for line := range wanted {
		missing += max(0, wanted[line]-found[line])
	}
	for line := range found {
		more += max(0, found[line]-wanted[line])
	}
	return missing, more
}
