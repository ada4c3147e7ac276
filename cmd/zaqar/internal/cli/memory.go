package cli

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
)

// size is a number of bytes as the value of a flag, such as 128MiB.
type size int64

const (
	mebibyte size = 1 << 20
	gibibyte size = 1 << 30
)

// units are the units of a size, and how many bytes they have.
var units = map[string]size{
	"": 1, "B": 1,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": mebibyte, "GiB": gibibyte, "TiB": 1 << 40,
}

var sizeText = regexp.MustCompile(`^([0-9]+) ?([A-Za-z]*)$`)

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	parts := sizeText.FindStringSubmatch(text)
	if parts == nil || units[parts[2]] == 0 {
		return fmt.Errorf("it must be a size, such as 128MiB or 1GB")
	}
	number, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || size(number) > math.MaxInt64/units[parts[2]] {
		return fmt.Errorf("it is too large")
	}
	*s = size(number) * units[parts[2]]
	return nil
}

// String implements pflag.Value. It uses the largest unit without a fraction.
func (s *size) String() string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if *s >= units[unit] && *s%units[unit] == 0 {
			return fmt.Sprintf("%d%s", *s/units[unit], unit)
		}
	}
	return fmt.Sprintf("%dB", *s)
}

// Type implements pflag.Value.
func (s *size) Type() string { return "size" }

const (
	// leastMemory is what the program needs to do anything.
	leastMemory = 16 * mebibyte
	// usualMemory is the bound where the memory of the machine is not known.
	usualMemory = gibibyte
)

// defaultMemory is a quarter of the memory of the machine or of the container, in whole
// MiB.
func defaultMemory() size {
	have := machineMemory(os.ReadFile)
	if have == 0 {
		return usualMemory
	}
	return max(leastMemory, have/4/mebibyte*mebibyte)
}

var memTotal = regexp.MustCompile(`(?m)^MemTotal: +([0-9]+) kB$`)

// machineMemory returns the memory that Linux reports, and 0 elsewhere.
func machineMemory(read func(string) ([]byte, error)) size {
	var have size
	if content, err := read("/proc/meminfo"); err == nil {
		if found := memTotal.FindSubmatch(content); found != nil {
			have = parsed(found[1]) << 10
		}
	}
	// The limits of a container, in cgroups v2 and v1.
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		content, err := read(file)
		if limit := parsed(bytes.TrimSpace(content)); err == nil && limit > 0 && (have == 0 || limit < have) {
			have = limit
		}
	}
	return have
}

// parsed returns a number, or 0 if the text is none, such as "max".
func parsed(text []byte) size {
	number, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0
	}
	return size(number)
}
