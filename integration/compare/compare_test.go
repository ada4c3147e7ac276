// Package compare sends the same requests, written by hand, to real servers and to the
// embedded one, and compares the answers.
package compare

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/integration"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// realServer is a real server to compare with.
type realServer struct {
	name, endpoint string // endpoint: its key among those of the real servers
	release        string
	versions       []string
	kind           string // its name in scenarios
	options        []zaqartest.Option
}

var realServers = []realServer{
	{name: "Zaqar 23", release: "23", endpoint: "ZAQAR_REAL_Z23_URL", versions: []string{"v2"}},
	{
		name: "Zaqar 23, guarded", release: "23", endpoint: "ZAQAR_REAL_Z23_CLAIMDELETE_URL", versions: []string{"v2"},
		kind: "guarded", options: []zaqartest.Option{zaqartest.WithClaimGuardedBulkDelete(true)},
	},
	{
		name: "Zaqar 15, pooling", release: "15", endpoint: "ZAQAR_REAL_Z15_POOLING_URL", versions: []string{"v1", "v1.1", "v2"},
		kind: "pooling", options: []zaqartest.Option{zaqartest.WithPooling(true)},
	},
	{name: "Zaqar 15", release: "15", endpoint: "ZAQAR_REAL_Z15_URL", versions: []string{"v1", "v1.1", "v2"}},
}

// tally counts requests, and the results of the comparison.
type tally struct {
	written                          map[string]bool
	compared, agree, masked, refused int
	quirk                            map[int]int
}

func TestTheEmbeddedServerAnswersLikeRealOnes(t *testing.T) {
	if os.Getenv("ZAQAR_REAL_DIR") == "" {
		t.Setenv("ZAQAR_REAL_DIR", filepath.Join("..", "..", ".real"))
	}
	endpoints, err := integration.Find()
	if err != nil {
		t.Fatal(err)
	}
	signingKey, err := endpoints.Need("ZAQAR_REAL_SIGNED_URL_KEY")
	if err != nil {
		t.Fatal(err)
	}
	scenarios := readScenarios(t)
	rows := book{}
	counts := tally{written: map[string]bool{}, quirk: map[int]int{}}
	for _, theirs := range realServers {
		url, err := endpoints.Need(theirs.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		ours := zaqartest.RunInMemory(t, append(theirs.options, zaqartest.WithChecksums(true), zaqartest.WithSecretKey(signingKey))...)
		for _, version := range theirs.versions {
			for _, s := range scenarios {
				if s.kind != theirs.kind || !slices.Contains(s.versions, version) {
					continue
				}
				t.Run(theirs.name+"/"+version+"/"+s.purpose, func(t *testing.T) {
					p := pair{release: theirs.release, version: version, url: url, redis: endpoints["ZAQAR_REAL_REDIS_ADDR"], ours: ours}
					p.play(t, s, &rows, &counts)
				})
			}
		}
	}
	rows.check(t)
	counts.report(t)
}

// pair is a real server and the embedded one, with a version of the API.
type pair struct {
	release, version, url string
	redis                 string // where it is
	ours                  *zaqartest.Server
}

// play sends the requests of a scenario to both servers, one after the other.
func (p pair) play(t *testing.T, s scenario, rows *book, counts *tally) {
	// A real server silently closes a connection if it has not read the whole body, so
	// each request has its own connection.
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	unique := "compare-" + strings.ToLower(rand.Text())
	left := newConversation(p.url, client, p.version, unique)
	right := newConversation(p.ours.URL(), p.ours.HTTPClient(), p.version, unique)
	left.admin, right.admin = s.kind == "pooling", s.kind == "pooling"
	left.values["redis"], right.values["redis"] = p.redis, p.redis
	defer func() {
		if err := errors.Join(left.end(t.Context()), right.end(t.Context())); err != nil {
			t.Errorf("what was made could not be deleted: %v", err)
		}
	}()
	for _, r := range s.requests {
		a, err := left.send(t.Context(), r)
		for try := 0; try < 5 && cutShort(err); try++ {
			a, err = left.send(t.Context(), r)
		}
		if err != nil {
			t.Fatalf("%s: the real server: %v", r, err)
		}
		b, err := right.send(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: the embedded server: %v", r, err)
		}
		counts.written[r.String()] = true
		counts.compared++
		if b.status >= 400 {
			counts.refused++
		}
		lines, identical := differences(left, right, a, b)
		switch {
		case identical:
			counts.agree++
		case len(lines) == 0:
			counts.masked++
		default:
			row, ok := rows.explain(s, r, p.release+p.version, lines)
			if !ok {
				t.Errorf("%s:%s: %.200s\n\t%s\ntheirs: %.600s\n  ours: %.600s",
					s.file, p.release+p.version, r, strings.Join(lines, "\n\t"), a.body, b.body)
				continue
			}
			counts.quirk[row.number]++
		}
	}
}

// cutShort reports that a server refused a body before it had read all of it, and that the
// refusal got lost (quirk 28). The server did nothing, so the request can be repeated.
func cutShort(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// report prints the counts. There must be enough requests, and enough bad ones.
func (c *tally) report(t *testing.T) {
	t.Helper()
	explained := 0
	var numbers []string
	for number := range 100 {
		if n := c.quirk[number]; n > 0 {
			explained += n
			numbers = append(numbers, fmt.Sprintf("%d: %d", number, n))
		}
	}
	t.Logf("%d requests written, %d compared (%d refused): %d agree, %d agree after masking, %d quirk (%s)",
		len(c.written), c.compared, c.refused, c.agree, c.masked, explained, strings.Join(numbers, ", "))
	if len(c.written) < 200 {
		t.Errorf("only %d different requests", len(c.written))
	}
	if 3*c.refused < c.compared {
		t.Errorf("only %d of %d requests are bad", c.refused, c.compared)
	}
}
