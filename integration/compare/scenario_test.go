package compare

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A file of scenarios is a text file. A scenario starts with a line
//
//	## Its purpose [v1.1 v2]
//
// that names the versions of the API to run it with, each time in a project of its own.
// Another word among the versions selects servers by their configuration: "guarded"
// means servers that delete several messages only with their claims, and "pooling"
// servers with pools, where the caller is an administrator. Lines that start with "# "
// are comments. Then come requests, separated by blank lines:
//
//	POST /v*/queues/q/messages
//	Client-ID: ${bob}
//	{"messages":[{"body":1}]}
//
// v* stands for the version. Below the first line are headers, and then the body. By
// default the caller is Alice, in the scenario's project, and accepts JSON; "(none)"
// removes a header. A body is sent with its length, unless a header says
// Transfer-Encoding: chunked.
//
// ${m1}, ${m2} … are the ids of the messages posted so far, ${c1}, ${c2} … those of the
// claims and ${s1}, ${s2} … those of the subscriptions. ${g1} and ${x1} are the signature
// and the expiry of the first pre-signed URL. ${redis} is the address for pools. ${alice}
// and ${bob} are Client-IDs. ${unique} is a name that nobody else uses. ${300 xy} is xy
// three hundred times, and ${0xff} is a byte.
type scenario struct {
	file, purpose string
	versions      []string
	kind          string // of server, or ""
	requests      []request
}

// request is a request as it is written, before ${…} is replaced.
type request struct {
	method, path string
	header       [][2]string
	body         string
}

// String returns the whole request on one line.
func (r request) String() string {
	words := []string{r.method, r.path}
	for _, h := range r.header {
		words = append(words, "("+h[0]+": "+h[1]+")")
	}
	return strings.TrimSpace(strings.Join(words, " ") + " " + r.body)
}

var (
	title  = regexp.MustCompile(`^## (.+) \[([a-z0-9. ]+)\]$`)
	header = regexp.MustCompile(`^([A-Za-z][A-Za-z-]*):(?: (.*))?$`)
)

// readScenarios reads all files in the folder scenarios.
func readScenarios(t *testing.T) []scenario {
	t.Helper()
	files, err := filepath.Glob("scenarios/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []scenario
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := parseScenarios(filepath.Base(file), string(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range found {
			if seen[s.purpose] {
				t.Fatalf("%s: two scenarios are called %q", file, s.purpose)
			}
			seen[s.purpose] = true
		}
		all = append(all, found...)
	}
	return all
}

func parseScenarios(file, text string) ([]scenario, error) {
	var all []scenario
	for block := range strings.SplitSeq(text, "\n\n") {
		lines := slices.DeleteFunc(strings.Split(strings.Trim(block, "\n"), "\n"), func(line string) bool {
			return line == "" || strings.HasPrefix(line, "# ")
		})
		if len(lines) == 0 {
			continue
		}
		if m := title.FindStringSubmatch(lines[0]); m != nil {
			s := scenario{file: file, purpose: m[1]}
			for word := range strings.FieldsSeq(m[2]) {
				if strings.HasPrefix(word, "v") {
					s.versions = append(s.versions, word)
				} else {
					s.kind = word
				}
			}
			all = append(all, s)
			if lines = lines[1:]; len(lines) == 0 {
				continue
			}
		}
		r, err := parseRequest(lines)
		if err != nil || len(all) == 0 {
			return nil, fmt.Errorf("%s: %q is no request of a scenario: %w", file, lines[0], err)
		}
		all[len(all)-1].requests = append(all[len(all)-1].requests, r)
	}
	return all, nil
}

func parseRequest(lines []string) (request, error) {
	var r request
	var ok bool
	if r.method, r.path, ok = strings.Cut(lines[0], " "); !ok || !strings.HasPrefix(r.path, "/") {
		return r, fmt.Errorf("a request begins with a method and a path")
	}
	for i, line := range lines[1:] {
		m := header.FindStringSubmatch(line)
		if m == nil {
			r.body = strings.Join(lines[1+i:], "\n")
			break
		}
		r.header = append(r.header, [2]string{m[1], m[2]})
	}
	return r, nil
}
