// The line breaks before statements and declarations: see `grammar.js`.
//
// A token of this scanner is the white space from the first line break to the keyword. It keeps no state.
//
// Invariant: it says the same of a line break as `src/syntax/scan.rs` (`line_break`), which is where the language has
// this rule.

#include "tree_sitter/parser.h"

#include <string.h>

enum Token { MARK, ITEM_MARK, IN_LINE_TEXT, IN_BLOCK_TEXT, ANYWHERE, ERROR_SENTINEL };

// Longer than any keyword.
#define WORD_SIZE 16

static const char *const STATEMENTS[] = {
    "abort",  "approve", "award", "criterion", "expect", "gate",    "given",   "hold",   "let",
    "lock",   "notify",  "param", "parallel",  "pause",  "phase",   "probe",   "ramp",   "recover",
    "require", "return", "rollback", "run",    "step",   "tier",    "trip",    "wait",   "warn",
    "window",
};

static const char *const ITEMS[] = {
    "alert",  "channel",  "component", "environment", "extractor", "freeze", "killswitch", "metrics", "pipeline",
    "rubric", "schedule", "sentinel",  "test",        "threshold", "type",   "use",
};

static const char *const OPERATORS[] = {"and", "or", "in", "then", "else"};

static const char *const BEFORE_BRACE[] = {"gate", "parallel", "return"};

#define KNOWN(words, word) known(words, sizeof(words) / sizeof((words)[0]), word)

static bool known(const char *const *words, size_t count, const char *word) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(words[i], word) == 0) return true;
  }
  return false;
}

static bool is_lower(int32_t c) { return c >= 'a' && c <= 'z'; }

static bool is_letter(int32_t c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_'; }

static bool is_word(int32_t c) { return is_letter(c) || (c >= '0' && c <= '9'); }

// Reads a word; one that is too long for a keyword is read as nothing.
static void read_word(TSLexer *lexer, char *word) {
  size_t length = 0;
  while (is_word(lexer->lookahead)) {
    if (length < WORD_SIZE) word[length] = (char)lexer->lookahead;
    length++;
    lexer->advance(lexer, false);
  }
  word[length < WORD_SIZE ? length : 0] = '\0';
}

// Blanks of the line; whether there were any.
static bool read_blanks(TSLexer *lexer) {
  bool any = false;
  while (lexer->lookahead == ' ' || lexer->lookahead == '\t') {
    any = true;
    lexer->advance(lexer, false);
  }
  return any;
}

// Behind the keyword of a statement: whether what follows makes it one.
static bool begins_statement(TSLexer *lexer, const char *keyword, bool apart) {
  int32_t next = lexer->lookahead;
  if (next == '{') return KNOWN(BEFORE_BRACE, keyword);
  if (!apart) return false;
  if (next == '"' || next == '(' || next == '[') return true;
  if (!is_word(next)) return false;
  char word[WORD_SIZE];
  read_word(lexer, word);
  return !KNOWN(OPERATORS, word);
}

static bool scan_mark(TSLexer *lexer) {
  bool line_break = false;
  bool indented = false;
  for (;;) {
    int32_t c = lexer->lookahead;
    if (c == '\n') {
      line_break = true;
      indented = false;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
      indented = true;
    } else {
      break;
    }
    lexer->advance(lexer, !line_break);
  }
  if (!line_break || !is_lower(lexer->lookahead)) return false;
  lexer->mark_end(lexer);

  char word[WORD_SIZE];
  read_word(lexer, word);
  bool apart = read_blanks(lexer);
  if (!indented && KNOWN(ITEMS, word)) {
    lexer->result_symbol = ITEM_MARK;
    return apart && (is_letter(lexer->lookahead) || lexer->lookahead == '"');
  }
  lexer->result_symbol = MARK;
  return KNOWN(STATEMENTS, word) && begins_statement(lexer, word, apart);
}

void *tree_sitter_phasegate_external_scanner_create(void) { return NULL; }

void tree_sitter_phasegate_external_scanner_destroy(void *payload) { (void)payload; }

unsigned tree_sitter_phasegate_external_scanner_serialize(void *payload, char *buffer) {
  (void)payload;
  (void)buffer;
  return 0;
}

void tree_sitter_phasegate_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  (void)payload;
  (void)buffer;
  (void)length;
}

bool tree_sitter_phasegate_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid_symbols) {
  (void)payload;
  bool lost = valid_symbols[ERROR_SENTINEL];
  // A text block goes on over lines, whatever they begin with. A string ends with its line.
  if (valid_symbols[IN_BLOCK_TEXT] && !lost) return false;
  if (valid_symbols[IN_LINE_TEXT] && !lost && lexer->lookahead != '\n') return false;
  // Given even where the parser has no use for it: there something is broken, and this is where it ends.
  return scan_mark(lexer);
}
