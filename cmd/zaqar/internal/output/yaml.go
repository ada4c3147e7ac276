package output

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// yamlList writes rows as a YAML list of maps. As cliff's, its maps are sorted.
func yamlList(b *bytes.Buffer, columns []string, rows [][]value) error {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, row := range rows {
		item := &yaml.Node{Kind: yaml.MappingNode}
		for i, v := range row {
			item.Content = append(item.Content, scalar(columns[i]), v.yaml())
		}
		sortKeys(item)
		list.Content = append(list.Content, item)
	}
	if len(rows) == 0 {
		list.Style = yaml.FlowStyle
	}
	return encode(b, list)
}

// yamlOne writes fields as a YAML map, in their order.
func yamlOne(b *bytes.Buffer, columns []string, values []value) error {
	item := &yaml.Node{Kind: yaml.MappingNode}
	for i, v := range values {
		item.Content = append(item.Content, scalar(columns[i]), v.yaml())
	}
	return encode(b, item)
}

func encode(b *bytes.Buffer, n *yaml.Node) error {
	encoder := yaml.NewEncoder(b)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(n); err != nil {
		return err
	}
	return encoder.Close()
}

// scalar returns a node for a string, in quotes where a reader would take it for something
// else.
func scalar(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	var read any
	if !strings.ContainsFunc(s, unicode.IsControl) && (slices.Contains(oldWords, strings.ToLower(s)) || yaml.Unmarshal([]byte(s), &read) == nil && read != s) {
		n.Style = yaml.SingleQuotedStyle
	}
	return n
}

// oldWords are booleans in version 1.1 of YAML.
var oldWords = []string{"y", "n", "yes", "no", "on", "off"}

func (v value) yaml() *yaml.Node {
	decoder := json.NewDecoder(bytes.NewReader(v.raw))
	decoder.UseNumber()
	return yamlNext(decoder)
}

func yamlNext(decoder *json.Decoder) *yaml.Node {
	token, err := decoder.Token()
	if err != nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	}
	switch t := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if t == '{' {
			n.Kind = yaml.MappingNode
		}
		for decoder.More() {
			n.Content = append(n.Content, yamlNext(decoder))
		}
		_, _ = decoder.Token() // the closing bracket
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle
		}
		if n.Kind == yaml.MappingNode {
			sortKeys(n)
		}
		return n
	case string:
		return scalar(t)
	case json.Number:
		// Without a tag, it is written with its digits, even where YAML would round it.
		return &yaml.Node{Kind: yaml.ScalarNode, Value: t.String()}
	case bool:
		word := "false"
		if t {
			word = "true"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: word}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}

// sortKeys sorts a map by its keys.
func sortKeys(n *yaml.Node) {
	pairs := slices.Collect(slices.Chunk(n.Content, 2))
	slices.SortStableFunc(pairs, func(a, b []*yaml.Node) int { return cmp.Compare(a[0].Value, b[0].Value) })
	n.Content = slices.Concat(pairs...)
}
