package keystone

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is a YAML value: a scalar as it is written (the password 0123 stays 0123), a map
// or a list. A null is a node without any of them.
type node struct {
	text   string
	fields map[string]node
	items  []node
	at     place
}

// place is where a value stands.
type place struct {
	file string
	line int // 0 if it is not known
}

// String returns "clouds.yaml, line 7".
func (p place) String() string {
	if p.line == 0 {
		return p.file
	}
	return fmt.Sprintf("%s, line %d", p.file, p.line)
}

// wrong returns an error about what stands at p.
func (p place) wrong(format string, args ...any) error {
	return fmt.Errorf("%s: %s", p, fmt.Sprintf(format, args...))
}

// parseYAML reads the first document of a file. Errors name the file and the line. They
// never quote the text, which may be that of secure.yaml.
func parseYAML(file string, text []byte) (node, error) {
	// The parser's nodes show where a merge key stands and the line of each value. Decoding
	// into Go values shows neither.
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return node{}, syntaxError(file, err)
	}
	r := reader{file: file, known: map[*yaml.Node]node{}, open: map[*yaml.Node]bool{}}
	return r.read(&document)
}

var (
	// parserError is the form of the parser's errors. Only those with a line consist of
	// nothing but the parser's own words.
	parserError = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)
	// fromZero matches errors that count lines from 0, and mostly name the line on which
	// the broken map or list begins.
	fromZero = regexp.MustCompile(`^did not find expected (',' or|node content|key|'-' indicator|<)`)
)

func syntaxError(file string, err error) error {
	if m := parserError.FindStringSubmatch(err.Error()); m != nil {
		at := place{file: file}
		at.line, _ = strconv.Atoi(m[1])
		if fromZero.MatchString(m[2]) {
			at.line++
			return at.wrong("what begins here is not valid YAML: %s", m[2])
		}
		return at.wrong("it is not valid YAML: %s", m[2])
	}
	if strings.Contains(err.Error(), "unknown anchor") {
		return fmt.Errorf("%s: it is not valid YAML: an alias has no anchor", file)
	}
	return fmt.Errorf("%s: it is not valid YAML", file)
}

// reader turns the parser's nodes into nodes with their merges applied. Each node is read
// once, however many aliases it has.
type reader struct {
	file  string
	known map[*yaml.Node]node
	open  map[*yaml.Node]bool // the nodes being read, to detect one that contains itself
}

func (r *reader) at(n *yaml.Node) place { return place{r.file, n.Line} }

func (r *reader) read(n *yaml.Node) (node, error) {
	if got, ok := r.known[n]; ok {
		return got, nil
	}
	r.open[n] = true
	defer delete(r.open, n)
	got, err := r.readNew(n)
	if err == nil {
		r.known[n] = got
	}
	return got, err
}

func (r *reader) readNew(n *yaml.Node) (node, error) {
	got := node{at: r.at(n)}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.read(n.Content[0])
	case yaml.AliasNode:
		if r.open[n.Alias] {
			return node{}, r.at(n).wrong("an alias contains itself")
		}
		return r.read(n.Alias)
	case yaml.ScalarNode:
		if n.ShortTag() != "!!null" {
			got.text = n.Value
		}
	case yaml.SequenceNode:
		got.items = make([]node, len(n.Content))
		for i, item := range n.Content {
			var err error
			if got.items[i], err = r.read(item); err != nil {
				return node{}, err
			}
		}
	case yaml.MappingNode:
		var err error
		if got.fields, err = r.fields(n); err != nil {
			return node{}, err
		}
	}
	return got, nil
}

// fields reads a map as PyYAML does. A key that is written in the map wins over merged
// ones, wherever the merge stands. In a list of merges the earlier map wins, of several
// merge keys the later, and of several equal keys the last.
func (r *reader) fields(n *yaml.Node) (map[string]node, error) {
	merged, written := map[string]node{}, map[string]node{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			if err := r.merge(merged, value); err != nil {
				return nil, err
			}
			continue
		}
		name, err := r.read(key)
		if err != nil {
			return nil, err
		}
		if name.fields != nil || name.items != nil {
			return nil, r.at(key).wrong("a key is not text")
		}
		field, err := r.read(value)
		if err != nil {
			return nil, err
		}
		written[name.text] = field
	}
	maps.Copy(merged, written)
	return merged, nil
}

// merge adds the fields of a map, or of a list of maps, to into.
func (r *reader) merge(into map[string]node, value *yaml.Node) error {
	source, err := r.read(value)
	if err != nil {
		return err
	}
	sources := source.items
	if source.fields != nil {
		sources = []node{source}
	} else if sources == nil {
		return r.at(value).wrong(badMerge)
	}
	for i := len(sources) - 1; i >= 0; i-- {
		if sources[i].fields == nil {
			return r.at(value).wrong(badMerge)
		}
		maps.Copy(into, sources[i].fields)
	}
	return nil
}

const badMerge = "the merge key << needs a map or a list of maps"

// get returns the value of the first of keys that has a scalar that is not empty.
func (n node) get(keys ...string) string {
	for _, key := range keys {
		if v := n.fields[key].text; v != "" {
			return v
		}
	}
	return ""
}

// empty reports whether the node is null, or missing.
func (n node) empty() bool { return n.text == "" && n.fields == nil && n.items == nil }

// under returns n merged with top, map by map. The values of top win.
func (n node) under(top node) node {
	if top.fields == nil || n.fields == nil {
		if top.empty() {
			return n
		}
		return top
	}
	merged := maps.Clone(n.fields)
	for key, value := range top.fields {
		merged[key] = merged[key].under(value)
	}
	return node{fields: merged, at: n.at}
}

// texts returns the elements of a list, or a scalar as the only one. Nulls are left out.
func (n node) texts() []string {
	if n.text != "" {
		return []string{n.text}
	}
	var list []string
	for _, item := range n.items {
		if item.text != "" {
			list = append(list, item.text)
		}
	}
	return list
}
