// Verifies a sealed log with Go's own checksum-database packages (golang.org/x/mod/sumdb/note and tlog).
//
//	verify VKEY LOG.jsonl...
//
// VKEY is the store's public key, noted somewhere else (`tracekeep verify` prints it). LOG.jsonl has its seal beside it
// in LOG.seal. Lines that were erased count when the ledger in the same folder, itself sealed, says that they were. Exit
// code: 0 the sealed lines hold, 3 those of some log do not, 2 wrong usage.
//
// On Debian: apt install golang-go golang-golang-x-mod-dev; GO111MODULE=off GOPATH=/usr/share/gocode go build verify.go
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var strict = base64.StdEncoding.Strict()

type entry struct {
	Event     string `json:"event"`
	SessionID string `json:"session_id"`
	Erased    string `json:"erased"`
	ErasedSeq int64  `json:"erased_seq"`
	Leaf      string `json:"leaf"`
}

var errMalformed = errors.New("the seal is malformed")

func openSeal(path string, key note.Verifier) (origin string, size int64, root tlog.Hash, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	// The note package takes any base64; a seal has only the one form.
	for _, line := range strings.Split(string(data), "\n") {
		if rest := strings.TrimPrefix(line, "\u2014 "); rest != line {
			if _, err = strict.DecodeString(rest[strings.LastIndexByte(rest, ' ')+1:]); err != nil {
				return
			}
		}
	}
	opened, err := note.Open(data, note.VerifierList(key))
	if err != nil {
		return
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return origin, size, root, errMalformed
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	bytes, notBase64 := strict.DecodeString(lines[2])
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 || notBase64 != nil || len(bytes) != tlog.HashSize {
		return origin, size, root, errMalformed
	}
	copy(root[:], bytes)
	return lines[0], size, root, nil
}

// check returns the sealed lines of a log when they are those that were sealed.
func check(log string, key note.Verifier, erased map[int64]string) (origin string, lines [][]byte, err error) {
	origin, size, root, err := openSeal(strings.TrimSuffix(log, ".jsonl")+".seal", key)
	if err != nil {
		return
	}
	data, err := os.ReadFile(log)
	if err != nil {
		return
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			hashes[at] = stored[index]
		}
		return hashes, nil
	})
	for number := int64(0); number < size; number++ {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			return origin, nil, fmt.Errorf("%d lines were sealed and %d are there", size, number)
		}
		line := data[:end]
		data = data[end:]
		lines = append(lines, line)
		leaf := tlog.RecordHash(line)
		var tombstone entry
		if stated, ok := erased[number]; ok && json.Unmarshal(line, &tombstone) == nil && tombstone.Erased == stated {
			hash, err := strict.DecodeString(stated)
			if err != nil || len(hash) != tlog.HashSize {
				return origin, nil, fmt.Errorf("a tombstone is malformed")
			}
			copy(leaf[:], hash)
		}
		hashes, err := tlog.StoredHashesForRecordHash(number, leaf, reader)
		if err != nil {
			return origin, nil, err
		}
		stored = append(stored, hashes...)
	}
	actual, err := tlog.TreeHash(size, reader)
	if err == nil && actual != root {
		err = fmt.Errorf("the lines are not those that were sealed")
	}
	return origin, lines, err
}

// erasures returns what the ledger beside a log says was erased of it: leaves by line number.
func erasures(ledger, log string, key note.Verifier) (map[int64]string, error) {
	erased := map[int64]string{}
	_, statements, err := check(ledger, key, nil)
	if err != nil {
		return nil, err
	}
	data, _ := os.ReadFile(log)
	var first, statement entry
	if err := json.Unmarshal(bytes.SplitN(data, []byte("\n"), 2)[0], &first); err != nil {
		return nil, err
	}
	for _, line := range statements {
		if json.Unmarshal(line, &statement) == nil && statement.Event == "ERASED" && statement.SessionID == first.SessionID {
			erased[statement.ErasedSeq] = statement.Leaf
		}
	}
	return erased, nil
}

func verify(vkey, log string) (lines [][]byte, origin string, err error) {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return
	}
	var erased map[int64]string
	ledger := filepath.Join(filepath.Dir(log), "ledger.jsonl")
	isLedger := filepath.Base(log) == "ledger.jsonl"
	if _, missing := os.Stat(ledger); !isLedger && missing == nil {
		if erased, err = erasures(ledger, log, key); err != nil {
			return
		}
	}
	origin, lines, err = check(log, key, erased)
	if err == nil && !isLedger && !strings.HasPrefix(origin, key.Name()+"/") {
		err = errors.New("the seal is of another store")
	}
	return
}

func main() {
	if len(os.Args) < 3 || !strings.HasSuffix(os.Args[2], ".jsonl") {
		fmt.Fprintln(os.Stderr, "usage: verify VKEY LOG.jsonl...")
		os.Exit(2)
	}
	status := 0
	for _, log := range os.Args[2:] {
		lines, origin, err := verify(os.Args[1], log)
		if err != nil {
			fmt.Println("bad:", err)
			status = 3
			continue
		}
		fmt.Printf("ok: %d lines of %s\n", len(lines), origin)
	}
	os.Exit(status)
}
