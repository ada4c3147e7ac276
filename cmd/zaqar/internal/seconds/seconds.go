// Package seconds has a flag for a time in whole seconds, as Zaqar counts it.
package seconds

import (
	"errors"
	"strconv"
	"time"
)

// Value is the value of a flag: a number of seconds such as 90, or a duration such as 1h30m.
// The zero Value is not set.
type Value struct {
	// Duration is the value, or 0 if the flag is not set.
	Duration time.Duration
	// Least is the lowest value.
	Least time.Duration
}

// Set implements pflag.Value.
func (v *Value) Set(text string) error {
	duration, err := time.ParseDuration(text)
	if number, atoi := strconv.ParseInt(text, 10, 32); atoi == nil {
		duration, err = time.Duration(number)*time.Second, nil
	}
	switch {
	case err != nil:
		return errors.New("it must be a number of seconds, or a duration such as 90s, 15m or 24h")
	case duration%time.Second != 0:
		return errors.New("it must be in whole seconds")
	case duration < v.Least:
		return errors.New("it must be at least " + (&Value{Duration: v.Least}).String() + " seconds")
	}
	v.Duration = duration
	return nil
}

// String implements pflag.Value.
func (v *Value) String() string {
	if v.Duration == 0 {
		return ""
	}
	return strconv.FormatInt(int64(v.Duration/time.Second), 10)
}

// Type implements pflag.Value.
func (v *Value) Type() string { return "seconds" }
