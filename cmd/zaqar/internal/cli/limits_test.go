package cli

import (
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestEveryLimitHasAFlagOfItsName(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	var limits zaqartest.Limits
	addLimits(flags, &limits)
	if limits != zaqartest.DefaultLimits() {
		t.Errorf("without flags the limits are %+v", limits)
	}
	fields := reflect.ValueOf(&limits).Elem()
	named := map[string]string{}
	flags.VisitAll(func(f *pflag.Flag) { named[strings.ReplaceAll(f.Name, "-", "")] = f.Name })
	for i := range fields.NumField() {
		field := fields.Type().Field(i).Name
		name, ok := named[strings.ToLower(field)]
		if !ok {
			t.Errorf("%s has no flag", field)
			continue
		}
		if err := flags.Set(name, "77"); err != nil || fields.Field(i).Int() != 77 {
			t.Errorf("--%s 77 makes %s %d, %v", name, field, fields.Field(i).Int(), err)
		}
	}
	if len(named) != fields.NumField() {
		t.Errorf("%d flags for %d limits", len(named), fields.NumField())
	}
}
