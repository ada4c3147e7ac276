// Package integration tests the client with real servers: those that `make real-up`
// starts, or others whose endpoints are in the same variables.
package integration

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Servers are the endpoints and credentials of the real servers, under the names that
// integration/servers/up prints.
type Servers map[string]string

// Find reads the file that integration/servers/up wrote. Environment variables override
// it.
func Find() (Servers, error) {
	dir := os.Getenv("ZAQAR_REAL_DIR")
	if dir == "" {
		dir = filepath.Join("..", ".real")
	}
	file, err := os.Open(filepath.Join(dir, "endpoints.env"))
	if err != nil {
		return nil, fmt.Errorf("the real servers are not up (run make real-up): %w", err)
	}
	defer func() { _ = file.Close() }()
	servers := Servers{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		key, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if ok && !strings.HasPrefix(key, "#") {
			servers[key] = strings.Trim(value, "'")
		}
		if set := os.Getenv(key); set != "" {
			servers[key] = set
		}
	}
	return servers, lines.Err()
}

// Need returns a required value.
func (s Servers) Need(key string) (string, error) {
	if s[key] == "" {
		return "", fmt.Errorf("%s is not among the endpoints of the real servers", key)
	}
	return s[key], nil
}
