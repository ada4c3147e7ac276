package cli

// nearest returns the name that is most similar to a misspelled one, or "" if none is
// similar.
func nearest(wrong string, names []string) string {
	best, least := "", max(2, len(wrong)/3)+1
	for _, name := range names {
		if distance := distance(wrong, name); distance < least {
			best, least = name, distance
		}
	}
	return best
}

// distance is the number of letters to change, add, remove or swap with their neighbour
// between two words.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	rows := make([][]int, len(from)+1)
	for i := range rows {
		rows[i] = make([]int, len(to)+1)
		rows[i][0] = i
	}
	for j := range to {
		rows[0][j+1] = j + 1
	}
	for i := range from {
		for j := range to {
			change := 1
			if from[i] == to[j] {
				change = 0
			}
			best := min(rows[i][j]+change, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				best = min(best, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = best
		}
	}
	return rows[len(from)][len(to)]
}
