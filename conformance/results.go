package conformance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/zaqar-go/zaqar"
)

// Results are the results of the suite on one server with one version of the API: the
// operations that the cases used with success, if all cases passed. docs/coverage.md is
// generated from them. They contain nothing that changes between runs.
type Results struct {
	// Server names the server, such as "zaqar-23".
	Server string `json:"server"`
	// Feature is the feature of the cases, "" for the common cases.
	Feature Feature `json:"feature,omitempty"`
	// Version is the version of the API.
	Version zaqar.Version `json:"version"`
	// NotServed is true if the server does not have the version.
	NotServed bool `json:"not_served,omitempty"`
	// Operations maps each operation to the quirks that were met. "queue_list name" is
	// the parameter name of queue_list; a parameter is listed only if a quirk is about
	// it alone.
	Operations map[string][]int `json:"operations,omitempty"`
	// Unprovable are the operations that the server accepts and ignores, so that it
	// cannot show whether the client is right.
	Unprovable []string `json:"unprovable,omitempty"`
}

// FileName returns the name of the file with the results of a server and a version.
func FileName(server string, feature Feature, version zaqar.Version) string {
	if feature != "" {
		server += "-" + string(feature)
	}
	return server + "-" + version.String() + ".json"
}

// Encode returns the results as JSON. Equal results give the same bytes.
func (r Results) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// Save writes the results into a file of their own in an existing folder.
func (r Results) Save(folder string) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, FileName(r.Server, r.Feature, r.Version)), data, 0o644)
}

// results combines what the cases used and met.
func results(server string, feature Feature, version zaqar.Version, used map[string]bool, met map[int]bool) Results {
	r := Results{Server: server, Feature: feature, Version: version, Operations: map[string][]int{}}
	for _, q := range quirks {
		for _, subject := range q.about {
			if met[q.number] && q.hides {
				used[subject] = true // it was used, but proves nothing
			}
		}
	}
	for subject := range used {
		numbers, unprovable := []int{}, false
		for _, q := range quirks {
			if met[q.number] && slices.Contains(q.about, subject) {
				numbers = append(numbers, q.number)
				unprovable = unprovable || q.hides
			}
		}
		slices.Sort(numbers)
		r.Operations[subject] = numbers
		if unprovable {
			r.Unprovable = append(r.Unprovable, subject)
		}
	}
	slices.Sort(r.Unprovable)
	return r
}
