package main

import "strings"

// job is the body of each message. As JSON it has about 200 bytes.
type job struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

var filler = strings.Repeat("All work and no play. ", 8)

func newJob(n int) job { return job{N: n, Text: filler} }

// asMap returns the same body as gophercloud wants it.
func (j job) asMap() map[string]any { return map[string]any{"n": j.N, "text": j.Text} }
