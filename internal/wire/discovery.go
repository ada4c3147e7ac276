package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// VersionInfo is a version that a server lists at its root.
type VersionInfo struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// Version returns the version in the form that is used in paths.
func (i VersionInfo) Version() Version { return Version("v" + strings.TrimPrefix(i.ID, "v")) }

// DecodeVersions reads the list of versions.
func DecodeVersions(data []byte) ([]VersionInfo, error) {
	var reply struct {
		Versions *[]VersionInfo `json:"versions"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return nil, err
	}
	if reply.Versions == nil {
		return nil, errors.New(`it has no "versions"`)
	}
	return *reply.Versions, nil
}

// HomeResource is one relation of the home document.
type HomeResource struct {
	Template string            `json:"href-template"`
	Href     string            `json:"href"`
	Vars     map[string]string `json:"href-vars"`
	Hints    struct {
		Allow []string `json:"allow"`
	} `json:"hints"`
}

// DecodeHome reads a home document.
func DecodeHome(data []byte) (map[string]HomeResource, error) {
	var reply struct {
		Resources map[string]HomeResource `json:"resources"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return nil, err
	}
	if reply.Resources == nil {
		return nil, errors.New(`it has no "resources"`)
	}
	return reply.Resources, nil
}

// Fault is the error in an answer other than 2xx.
type Fault struct{ Title, Description string }

// The longest texts of a Fault, in bytes.
const (
	longestTitle       = 200
	longestDescription = 500
	longestPage        = 1 << 20 // a longer body is no explanation
)

// DecodeFault reads the error bodies of Zaqar, the Keystone middleware, proxies and the
// WebSocket. It never fails: what it cannot read is empty, and a text that is not JSON
// becomes the description. Its texts are cut, and can be printed in one line.
func DecodeFault(data []byte) Fault {
	fault := decodeFault(data[:min(len(data), longestPage)])
	return Fault{Title: OneLine(fault.Title, longestTitle), Description: OneLine(fault.Description, longestDescription)}
}

func decodeFault(data []byte) Fault {
	data = bytes.TrimSpace(data)
	var reply struct {
		Title       string          `json:"title"`
		Description string          `json:"description"`
		Exception   string          `json:"exception"`
		Error       json.RawMessage `json:"error"`
	}
	if json.Unmarshal(data, &reply) != nil {
		var text string
		if json.Unmarshal(data, &text) == nil { // some answers of the WebSocket
			data = []byte(text)
		}
		return Fault{Description: plainText(data)}
	}
	fault := Fault{Title: reply.Title, Description: reply.Description}
	var nested struct {
		Title   string `json:"title"`
		Message string `json:"message"`
	}
	var text string
	switch {
	case json.Unmarshal(reply.Error, &text) == nil && text != "":
		fault.Title = text
	case json.Unmarshal(reply.Error, &nested) == nil && nested.Title+nested.Message != "":
		fault.Title, fault.Description = nested.Title, nested.Message
	}
	if reply.Exception != "" {
		fault.Description = reply.Exception
	}
	return fault
}

// plainText shortens a text, so that a proxy's error page does not fill a terminal.
func plainText(data []byte) string {
	const most = 200
	text := strings.ToValidUTF8(string(data[:min(len(data), 4096)]), "")
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || strings.HasPrefix(text, "<") {
		return markup(text)
	}
	return OneLine(text, most)
}

// markup returns the title of an HTML page, or the <title> of Zaqar's XML.
func markup(text string) string {
	lower := strings.ToLower(text)
	start := strings.Index(lower, "<title>")
	if start < 0 || len(lower) != len(text) {
		return ""
	}
	title, _, found := strings.Cut(text[start+len("<title>"):], "<")
	if !found || len(title) > 200 {
		return ""
	}
	return strings.TrimSpace(title)
}
