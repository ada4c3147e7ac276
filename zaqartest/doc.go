// Package zaqartest is an embedded Zaqar.
package zaqartest
