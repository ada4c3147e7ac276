package zaqartest

// lease is what a caller asks of a claim, in seconds.
type lease struct{ ttl, grace int64 }

// leaseRules say what a caller may leave out of a claim.
type leaseRules struct {
	ttl, grace   int64 // where there is none; 0: there must be one
	optionalBody bool
	graceDefault bool // 0 is the grace where there is none
	checkGrace   bool
}

// parseLease reads the terms of a claim. With a nil document they are all
// defaults.
func parseLease(document []byte, rules leaseRules, l brokerLimits) (lease, error) {
	terms := lease{ttl: rules.ttl, grace: rules.grace}
	if document != nil {
		fields, err := object(document)
		if err != nil {
			return terms, invalidDocument("The body must be an object.")
		}
		for _, field := range []struct {
			name     string
			value    *int64
			required bool
		}{
			{"ttl", &terms.ttl, rules.ttl == 0},
			{"grace", &terms.grace, rules.grace == 0 && !rules.graceDefault},
		} {
			value, present := fields[field.name]
			var ok bool
			switch {
			case !present && field.required:
				return terms, invalidDocument("The %s of the claim is missing.", field.name)
			case !present:
				continue
			}
			if *field.value, ok = integer(value); !ok {
				return terms, invalidDocument("The %s of a claim must be an integer.", field.name)
			}
		}
	}
	if terms.ttl < minClaimTTL || terms.ttl > int64(l.MaxClaimTTL) {
		return terms, invalidRequest("The ttl of a claim must be from %d to %d seconds.", minClaimTTL, l.MaxClaimTTL)
	}
	if rules.checkGrace && (terms.grace < minClaimGrace || terms.grace > int64(l.MaxClaimGrace)) {
		return terms, invalidRequest("The grace of a claim must be from %d to %d seconds.", minClaimGrace, l.MaxClaimGrace)
	}
	return terms, nil
}

func defaultLease(l brokerLimits) leaseRules {
	return leaseRules{
		ttl: int64(l.DefaultClaimTTL), grace: int64(l.DefaultClaimGrace), graceDefault: true,
	}
}
