//! What each word of a file is, for colours that know more than a grammar.

use rowan::NodeOrToken;

use super::known::Known;
use super::outline::{Symbol, SymbolKind, outline};
use crate::analysis::names::Meaning;
use crate::base::span::{FileId, Location, Span};
use crate::syntax::tree::{Rule, SyntaxKind, tree};
use rustc_hash::FxHashMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Keyword,
    Comment,
    String,
    Number,
    Operator,
    Function,
    Parameter,
    Variable,
    Property,
    Type,
    Namespace,
    /// A phase, pipeline or component.
    Class,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub at: Span,
    pub kind: TokenKind,
    pub declares: bool,
}

/// In the order of the text; none overlaps another.
#[must_use]
pub fn tokens(known: &Known, file: FileId) -> Vec<Token> {
    let Some(source) = known.source(file) else { return Vec::new() };
    let kinds = declared_kinds(known);
    let mut found = Vec::new();
    for element in tree(source).descendants_with_tokens() {
        let NodeOrToken::Token(token) = element else { continue };
        let range = token.text_range();
        let at = Span::new(range.start().into(), range.end().into());
        let by_name = || named(known, &kinds, Location::new(file, at));
        let kind = match token.kind() {
            SyntaxKind::Comment | SyntaxKind::DocComment => Some((TokenKind::Comment, false)),
            SyntaxKind::StringText | SyntaxKind::Escape => Some((TokenKind::String, false)),
            SyntaxKind::Rule(Rule::number) => Some((TokenKind::Number, false)),
            SyntaxKind::Rule(Rule::bool) => Some((TokenKind::Keyword, false)),
            SyntaxKind::Rule(Rule::operator | Rule::prefix) => {
                let is_word = token.text().starts_with(|first: char| first.is_ascii_alphabetic());
                Some((if is_word { TokenKind::Keyword } else { TokenKind::Operator }, false))
            }
            SyntaxKind::Rule(Rule::ident | Rule::variable) => by_name(),
            SyntaxKind::Rule(_) if token.text().starts_with(|first: char| first.is_ascii_alphabetic()) => {
                by_name().or(Some((TokenKind::Keyword, false)))
            }
            _ => None,
        };
        if let Some((kind, declares)) = kind {
            found.push(Token { at, kind, declares });
        }
    }
    found
}

fn named(known: &Known, kinds: &FxHashMap<Location, SymbolKind>, at: Location) -> Option<(TokenKind, bool)> {
    let mention = known.analysis.mentions.get(&at)?;
    let kind = match &mention.meaning {
        Meaning::Declared(place) => match kinds.get(place) {
            Some(SymbolKind::Type) => TokenKind::Type,
            Some(SymbolKind::Pipeline | SymbolKind::Phase | SymbolKind::Component) => TokenKind::Class,
            Some(SymbolKind::Parameter) => TokenKind::Parameter,
            Some(SymbolKind::Metric | SymbolKind::Key | SymbolKind::Field) => TokenKind::Property,
            Some(SymbolKind::Metrics | SymbolKind::Environment) => TokenKind::Namespace,
            _ => TokenKind::Variable,
        },
        Meaning::Signature(..) | Meaning::Function(_) => TokenKind::Function,
        Meaning::Parameter(..) => TokenKind::Parameter,
        Meaning::Module(_) => TokenKind::Namespace,
        Meaning::Key(_) | Meaning::Field(..) | Meaning::Word(_) => TokenKind::Property,
    };
    Some((kind, mention.declares))
}

fn declared_kinds(known: &Known) -> FxHashMap<Location, SymbolKind> {
    fn add(file: FileId, symbols: &[Symbol], kinds: &mut FxHashMap<Location, SymbolKind>) {
        for symbol in symbols {
            kinds.insert(Location::new(file, symbol.at), symbol.kind);
            add(file, &symbol.children, kinds);
        }
    }
    let mut kinds = FxHashMap::default();
    for file in &known.analysis.files {
        add(*file, &outline(&known.tree(*file)), &mut kinds);
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};
    use crate::ide::cursor::Case;

    #[test]
    fn words_are_what_they_stand_for() {
        let case = Case::new("// why\npipeline p {\n  let soak = 5m\n  phase a { wait soak }\n}\n§");
        let source = case.known.source(case.file).expect("the file");
        let found: Vec<(&str, TokenKind)> =
            tokens(&case.known, case.file).iter().map(|token| (source.slice(token.at), token.kind)).collect();
        for expected in [
            ("// why", TokenKind::Comment),
            ("pipeline", TokenKind::Keyword),
            ("p", TokenKind::Class),
            ("soak", TokenKind::Variable),
            ("5m", TokenKind::Number),
        ] {
            assert!(found.contains(&expected), "{expected:?} in {found:?}");
        }
    }
}
