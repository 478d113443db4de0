//! A report as Markdown, as a page of HTML, as CSV.

use super::sections::Part;

#[must_use]
pub fn markdown(title: &str, text: &str, parts: &[Part]) -> String {
    let mut page = format!("# {}\n", one_line(title));
    if !text.trim().is_empty() {
        page.push_str(&format!("\n{}\n", text.trim()));
    }
    for part in parts {
        page.push('\n');
        match part {
            Part::Heading(level, heading) => page.push_str(&format!("{} {}\n", "#".repeat(*level), one_line(heading))),
            Part::Table { header, rows } => {
                page.push_str(&markdown_row(header));
                page.push_str(&format!("|{}\n", "---|".repeat(header.len())));
                rows.iter().for_each(|row| page.push_str(&markdown_row(row)));
            }
            Part::List(items) => items.iter().for_each(|item| page.push_str(&format!("- {}\n", one_line(item)))),
            Part::Line(line) => page.push_str(&format!("{}\n", one_line(line))),
        }
    }
    page
}

/// `text` is Markdown, of which a page keeps the paragraphs.
#[must_use]
pub fn html(title: &str, text: &str, parts: &[Part]) -> String {
    let title = escaped(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n\
         body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}\n\
         table {{ border-collapse: collapse; }}\nth, td {{ border: 1px solid #bbb; padding: 0.25rem 0.6rem; text-align: left; }}\n\
         </style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        page.push_str(&format!("<p>{}</p>\n", escaped(paragraph)));
    }
    for part in parts {
        match part {
            Part::Heading(level, heading) => page.push_str(&format!("<h{level}>{}</h{level}>\n", escaped(heading))),
            Part::Table { header, rows } => {
                page.push_str(&format!("<table>\n<tr>{}</tr>\n", cells("th scope=\"col\"", "th", header)));
                rows.iter().for_each(|row| page.push_str(&format!("<tr>{}</tr>\n", cells("td", "td", row))));
                page.push_str("</table>\n");
            }
            Part::List(items) => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escaped(item))).collect();
                page.push_str(&format!("<ul>\n{items}</ul>\n"));
            }
            Part::Line(line) => page.push_str(&format!("<p>{}</p>\n", escaped(line))),
        }
    }
    page + "</body>\n</html>\n"
}

#[must_use]
pub fn csv(header: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\n";
    std::iter::once(line(header)).chain(rows.iter().map(|row| line(row))).collect()
}

fn markdown_row(cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!(" {} |", one_line(cell).replace('|', "\\|"))).collect();
    format!("|{cells}\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cells(open: &str, close: &str, texts: &[String]) -> String {
    texts.iter().map(|text| format!("<{open}>{}</{close}>", escaped(text))).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
