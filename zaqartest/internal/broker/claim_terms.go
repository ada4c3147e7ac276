package broker

import "github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"

// ClaimTerms is what a caller asks of a claim, in seconds.
type ClaimTerms struct{ TTL, Grace int64 }

// ClaimRules says what a caller may leave out of a claim.
type ClaimRules struct {
	TTL, Grace    int64 // defaults; 0 means that the caller must set it
	OptionalBody  bool
	GraceOptional bool // 0 is a default, too
	CheckGrace    bool
}

// ParseClaimTerms reads the terms of a claim. A nil document means all defaults.
func ParseClaimTerms(document []byte, rules ClaimRules, l Limits) (ClaimTerms, error) {
	terms := ClaimTerms{TTL: rules.TTL, Grace: rules.Grace}
	if document != nil {
		fields, err := rawjson.Object(document)
		if err != nil {
			return terms, invalidBody("The body must be an object.")
		}
		for _, field := range []struct {
			name     string
			value    *int64
			required bool
		}{
			{"ttl", &terms.TTL, rules.TTL == 0},
			{"grace", &terms.Grace, rules.Grace == 0 && !rules.GraceOptional},
		} {
			value, present := fields[field.name]
			var ok bool
			switch {
			case !present && field.required:
				return terms, invalidBody("The %s of the claim is missing.", field.name)
			case !present:
				continue
			}
			if *field.value, ok = rawjson.Integer(value); !ok {
				return terms, invalidBody("The %s of a claim must be an integer.", field.name)
			}
		}
	}
	if terms.TTL < MinClaimTTL || terms.TTL > int64(l.MaxClaimTTL) {
		return terms, invalid("The ttl of a claim must be from %d to %d seconds.", MinClaimTTL, l.MaxClaimTTL)
	}
	if rules.CheckGrace && (terms.Grace < MinClaimGrace || terms.Grace > int64(l.MaxClaimGrace)) {
		return terms, invalid("The grace of a claim must be from %d to %d seconds.", MinClaimGrace, l.MaxClaimGrace)
	}
	return terms, nil
}

// DefaultClaimRules returns the rules for claims whose terms all have defaults.
func DefaultClaimRules(l Limits) ClaimRules {
	return ClaimRules{
		TTL: int64(l.DefaultClaimTTL), Grace: int64(l.DefaultClaimGrace), GraceOptional: true,
	}
}
