package compare

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/tinylib/msgp/msgp"

	"github.com/zaqar-go/zaqar/integration"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// A file in the folder scenarios/sockets is a text file as well. Below the purpose of a
// scenario each line is a request: an action and its body, after a header in brackets if
// that differs from the usual one. A line that starts with "raw " is a whole frame.
// "pushes 2" waits until two messages in total have been pushed in this scenario, and
// compares them in any order.
var (
	socketTitle = regexp.MustCompile(`^## (.+)$`)
	socketLine  = regexp.MustCompile(`^(?:\(([A-Za-z-]+): ([^)]*)\) )?(\S+)(?: (.*))?$`)
)

// socketScenario is a scenario for one connection.
type socketScenario struct {
	purpose string
	lines   []string
}

func readSocketScenarios(t *testing.T) []socketScenario {
	t.Helper()
	files, err := filepath.Glob("scenarios/sockets/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []socketScenario
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if m := socketTitle.FindStringSubmatch(line); m != nil {
				all = append(all, socketScenario{purpose: m[1]})
				continue
			}
			if line != "" && !strings.HasPrefix(line, "# ") {
				last := &all[len(all)-1]
				last.lines = append(last.lines, line)
			}
		}
	}
	return all
}

func TestTheEmbeddedWebSocketAnswersLikeARealOne(t *testing.T) {
	if os.Getenv("ZAQAR_REAL_DIR") == "" {
		t.Setenv("ZAQAR_REAL_DIR", filepath.Join("..", "..", ".real"))
	}
	endpoints, err := integration.Find()
	if err != nil {
		t.Fatal(err)
	}
	url, err := endpoints.Need("ZAQAR_REAL_Z23_WEBSOCKET_URL")
	if err != nil {
		t.Fatal(err)
	}
	ours := zaqartest.Run(t, zaqartest.WithChecksums(true))
	counts, used := socketTally{}, map[string]bool{}
	for _, s := range readSocketScenarios(t) {
		for _, binary := range []bool{false, true} {
			name := map[bool]string{false: "JSON", true: "MessagePack"}[binary]
			t.Run(name+"/"+s.purpose, func(t *testing.T) {
				playSockets(t, url, ours.WebSocketURL(), s, binary, &counts, used)
			})
		}
	}
	for _, q := range socketQuirks {
		if !used[q.scenario+q.line] {
			t.Errorf("quirk %d does not show any more: %s", q.number, q.line)
		}
	}
	t.Logf("%d frames compared (%d refused): %d agree, %d differ by a quirk", counts.compared, counts.refused, counts.agree, counts.quirk)
}

type socketTally struct{ compared, refused, agree, quirk int }

// playSockets sends the requests of a scenario to both servers, one after the other.
func playSockets(t *testing.T, theirs, ours string, s socketScenario, binary bool, counts *socketTally, used map[string]bool) {
	unique := "compare-" + strings.ToLower(rand.Text())
	left, right := dialSocket(t, theirs, unique, binary), dialSocket(t, ours, unique, binary)
	for _, line := range s.lines {
		if count, ok := strings.CutPrefix(line, "pushes "); ok {
			n, err := strconv.Atoi(count)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := left.pushed(n), right.pushed(n); !slices.Equal(a, b) {
				t.Errorf("pushed %s, ours %s", a, b)
			}
			continue
		}
		if binary && strings.HasPrefix(line, "raw ") {
			continue
		}
		a, b := left.ask(line), right.ask(line)
		counts.compared++
		if status, _ := b["headers"].(map[string]any)["status"].(json.Number).Int64(); status >= 400 {
			counts.refused++
		}
		var lines []string
		compare("", left.masked("", a), right.masked("", b), &lines)
		if len(lines) == 0 {
			counts.agree++
			continue
		}
		if q, ok := explainSocket(s, line, lines); ok {
			counts.quirk++
			used[q.scenario+q.line] = true
			continue
		}
		t.Errorf("%.200s\n\t%.600s\ntheirs: %.400v\n  ours: %.400v", line, strings.Join(lines, "\n\t"), a, b)
	}
	for _, c := range []*socketConversation{left, right} {
		for _, q := range c.ask("queue_list {}")["body"].(map[string]any)["queues"].([]any) {
			c.ask(`queue_delete {"queue_name":"` + q.(map[string]any)["name"].(string) + `"}`)
		}
		_ = c.conn.Close(websocket.StatusNormalClosure, "") // the answer does not matter
	}
}

// socketConversation is the run of a scenario on a connection.
type socketConversation struct {
	*conversation
	t      *testing.T
	conn   *websocket.Conn
	binary bool
	pushes []string
}

func dialSocket(t *testing.T, url, unique string, binary bool) *socketConversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // an upgrade has no body
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(4 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &socketConversation{conversation: newConversation(url, nil, "", unique), t: t, conn: conn, binary: binary}
}

// ask sends a request and waits for its answer.
func (c *socketConversation) ask(line string) map[string]any {
	c.t.Helper()
	filled, err := c.fill(line)
	if err != nil {
		c.t.Fatal(err)
	}
	text, isRaw := strings.CutPrefix(filled, "raw ")
	if !isRaw {
		m := socketLine.FindStringSubmatch(filled)
		headers := map[string]string{"Client-ID": alice, "X-Project-ID": c.values["unique"]}
		if m[1] != "" {
			headers[m[1]] = m[2]
		}
		request := map[string]any{"action": m[3], "headers": headers}
		if m[4] != "" {
			request["body"] = json.RawMessage(m[4])
		}
		encoded, err := json.Marshal(request)
		if err != nil {
			c.t.Fatalf("%s: %v", line, err)
		}
		text = string(encoded)
	}
	c.write(text)
	for {
		answer := c.read()
		if answer["request"] != nil {
			c.learnIDs(answer)
			return answer
		}
		c.keepPush(answer)
	}
}

func (c *socketConversation) write(text string) {
	c.t.Helper()
	kind, content := websocket.MessageText, []byte(text)
	if c.binary {
		value, err := decoded(content)
		if err != nil {
			c.t.Fatal(err)
		}
		if content, err = msgp.AppendIntf(nil, plain(value)); err != nil {
			c.t.Fatal(err)
		}
		kind = websocket.MessageBinary
	}
	if err := c.conn.Write(c.t.Context(), kind, content); err != nil {
		c.t.Fatal(err)
	}
}

func (c *socketConversation) read() map[string]any {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	kind, content, err := c.conn.Read(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	if binary := kind == websocket.MessageBinary; binary != c.binary {
		c.t.Fatalf("a binary frame: %t, in answer to %t", binary, c.binary)
	}
	if c.binary {
		var text bytes.Buffer
		if _, err := msgp.UnmarshalAsJSON(&text, content); err != nil {
			c.t.Fatal(err)
		}
		content = text.Bytes()
	}
	value, err := decoded(content)
	if err != nil {
		c.t.Fatalf("%.300s: %v", content, err)
	}
	answer, ok := value.(map[string]any)
	if !ok {
		c.t.Fatalf("%.300s is no map", content)
	}
	return answer
}

func decoded(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value any
	err := dec.Decode(&value)
	return value, err
}

// plain turns JSON numbers into types that MessagePack has.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for k, v := range value {
			value[k] = plain(v)
		}
	case []any:
		for i, v := range value {
			value[i] = plain(v)
		}
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		f, _ := value.Float64() // the scenarios have none that is too large
		return f
	}
	return value
}

// learnIDs names the ids of created resources.
func (c *socketConversation) learnIDs(answer map[string]any) {
	body, _ := answer["body"].(map[string]any)
	if fmt.Sprint(answer["headers"].(map[string]any)["status"]) != "201" {
		return
	}
	ids, _ := body["message_ids"].([]any)
	for _, id := range ids {
		c.number("m", id.(string))
	}
	for field, kind := range map[string]string{"claim_id": "c", "subscription_id": "s"} {
		if id, ok := body[field].(string); ok {
			c.number(kind, id)
		}
	}
}

func (c *socketConversation) keepPush(push map[string]any) {
	text, err := json.Marshal(c.masked("", push))
	if err != nil {
		c.t.Fatal(err)
	}
	c.pushes = append(c.pushes, string(text))
}

// pushed waits until n messages have been pushed, and returns them sorted.
func (c *socketConversation) pushed(n int) []string {
	c.t.Helper()
	for len(c.pushes) < n {
		c.keepPush(c.read())
	}
	return slices.Sorted(slices.Values(c.pushes))
}

// masked also replaces the words of errors, and the address of a subscriber that is a
// WebSocket.
func (c *socketConversation) masked(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range value {
			text, isText := v.(string)
			switch {
			case isText && (k == "error" || k == "exception"):
				out[k] = "some words"
			case isText && c.names[text] != "":
				out[k] = "${" + c.names[text] + "}" // the token, or an id without dashes
			case isText && k == "subscriber" && strings.HasPrefix(text, "http://"):
				out[k] = "a WebSocket"
			default:
				out[k] = c.masked(k, v)
			}
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, v := range value {
			out[i] = c.masked("", v)
		}
		return out
	}
	return c.conversation.masked(key, value)
}

// socketQuirk is one intended difference.
type socketQuirk struct {
	number         int // in docs/server-quirks.md
	scenario, line string
	says           string // a regular expression that every line of the difference matches
	reason         string
}

const unforeseen = `body\.error: some words, ours <nil>|headers\.status: 500, ours 400`

// socketQuirks are the intended differences. A row that explains no difference is an
// error.
var socketQuirks = []socketQuirk{
	{
		1, "Queues come and go", `queue_list {"marker":"a"}`, `body\.queues: .*`,
		"a marker that is the first element counts as none",
	},
	{
		3, "Claims over a socket", `message_list {"queue_name":"q","echo":true,"include_claimed":true}`,
		`body\.(error|exception|messages): only .*|headers\.status: 500, ours 200`,
		"claimed messages cannot be listed without a marker",
	},
	{
		18, "A post over a socket must be well formed", `message_post {"queue_name":"q","messages":[1]}`, unforeseen,
		"a message that is no object is not foreseen",
	},
	{
		18, "A post over a socket must be well formed", `message_post {"queue_name":"q","messages":[null]}`, unforeseen,
		"the same for null",
	},
	{
		18, "Claims over a socket", `claim_update {"queue_name":"q","claim_id":"${c1}","grace":"x"}`,
		`body\.exception: only theirs, some words|headers\.status: 500, ours 400`,
		"the type of the grace is not checked with the others",
	},
	{
		18, "Others are subscribed over a socket", `subscription_create {"queue_name":"q","subscriber":"gopher://c"}`, unforeseen,
		"a scheme that no notifier knows is not foreseen",
	},
	{
		18, "Others are subscribed over a socket", `subscription_create {"queue_name":"q","subscriber":"c"}`, unforeseen,
		"nor is a subscriber without a scheme",
	},
}

func explainSocket(s socketScenario, line string, lines []string) (socketQuirk, bool) {
	for _, q := range socketQuirks {
		says := regexp.MustCompile("^(?:" + q.says + ")$")
		if q.scenario == s.purpose && q.line == line && !slices.ContainsFunc(lines, func(l string) bool { return !says.MatchString(l) }) {
			return q, true
		}
	}
	return socketQuirk{}, false
}
