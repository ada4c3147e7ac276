package plainjson

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// field is a field of a struct that encoding/json encodes, perhaps one of a struct
// that is embedded in it.
type field struct {
	index     []int
	name      string
	tagged    bool
	omitEmpty bool
	omitZero  bool
}

// pushFields notes the fields of a struct that are encoded.
func (t *textCheck) pushFields(v reflect.Value) {
	fields, known := t.fields[v.Type()]
	if !known {
		fields = encodedFields(v.Type())
		t.fields[v.Type()] = fields
	}
	for _, f := range fields {
		value, err := v.FieldByIndexErr(f.index)
		if err != nil || f.omitEmpty && isEmpty(value) || f.omitZero && isZero(value) {
			continue // an embedded pointer is nil, or the field is left out
		}
		t.push(value)
	}
}

// encodedFields follows the rules of encoding/json for the fields of a struct. Of
// several with one name the shallowest wins, then the one whose tag names it; where
// that leaves more than one, all of them are left out.
func encodedFields(t reflect.Type) []field {
	var all []field
	type level struct {
		is    reflect.Type
		index []int
		twice bool // embedded more than once at this depth
	}
	visited := map[reflect.Type]bool{}
	for current := []level{{is: t}}; len(current) > 0; {
		var next []level
		for _, l := range current {
			if visited[l.is] {
				continue
			}
			visited[l.is] = true
			for i := range l.is.NumField() {
				f, embedded, ok := readField(l.is.Field(i))
				if !ok {
					continue
				}
				f.index = append(slices.Clone(l.index), i)
				if embedded == nil {
					all = append(all, f)
					if l.twice {
						all = append(all, f) // so that neither wins
					}
					continue
				}
				if at := slices.IndexFunc(next, func(l level) bool { return l.is == embedded }); at >= 0 {
					next[at].twice = true
					continue
				}
				next = append(next, level{is: embedded, index: f.index})
			}
		}
		current = next
	}
	return dominant(all)
}

// readField reads one field, or returns the struct that is embedded by it.
func readField(sf reflect.StructField) (f field, embedded reflect.Type, encoded bool) {
	is := sf.Type
	if sf.Anonymous && is.Kind() == reflect.Pointer {
		is = is.Elem()
	}
	if !sf.IsExported() && (!sf.Anonymous || is.Kind() != reflect.Struct) {
		return field{}, nil, false
	}
	tag := sf.Tag.Get("json")
	if tag == "-" {
		return field{}, nil, false
	}
	name, options, _ := strings.Cut(tag, ",")
	f = field{name: name, tagged: isName(name)}
	for option := range strings.SplitSeq(options, ",") {
		f.omitEmpty = f.omitEmpty || option == "omitempty"
		f.omitZero = f.omitZero || option == "omitzero"
	}
	if !f.tagged {
		f.name = sf.Name
		if sf.Anonymous && is.Kind() == reflect.Struct {
			return f, is, true
		}
	}
	return f, nil, true
}

// isName reports whether encoding/json takes a name from a tag.
func isName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// dominant leaves one field of each name, or none.
func dominant(all []field) []field {
	byName := map[string][]field{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	var fields []field
	for _, same := range byName {
		slices.SortStableFunc(same, compareFields)
		if len(same) == 1 || compareFields(same[0], same[1]) != 0 {
			fields = append(fields, same[0])
		}
	}
	return fields
}

// compareFields orders fields of one name by who wins.
func compareFields(a, b field) int {
	switch {
	case len(a.index) != len(b.index):
		return len(a.index) - len(b.index)
	case a.tagged == b.tagged:
		return 0
	case a.tagged:
		return -1
	}
	return 1
}

// isEmpty is the rule of omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

var zeroer = reflect.TypeFor[interface{ IsZero() bool }]()

// isZero is the rule of omitzero: the method IsZero of the field's type decides, if it
// has one.
func isZero(v reflect.Value) bool {
	t := v.Type()
	switch {
	case t.Implements(zeroer):
		if t.Kind() == reflect.Interface && !v.IsNil() {
			v = v.Elem()
		}
		if (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer) && v.IsNil() {
			return true
		}
	case reflect.PointerTo(t).Implements(zeroer):
		at := reflect.New(t)
		at.Elem().Set(v)
		v = at
	default:
		return v.IsZero()
	}
	return v.Interface().(interface{ IsZero() bool }).IsZero() //nolint:forcetypeassert // as was asked
}
