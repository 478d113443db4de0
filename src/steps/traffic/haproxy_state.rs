//! What `show servers state BACKEND` of HAProxy's runtime API says, as far as weights go.

/// One server of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub name: String,
    /// In force now.
    pub weight: u32,
    /// From the configuration file: its proportion among its like.
    pub initial: u32,
    /// Not down.
    pub up: bool,
}

/// The servers of `backend`. The columns are found by the names in the header, so later versions may add some.
///
/// # Errors
/// When the text is a complaint of HAProxy, or no such table.
pub fn parse_servers(text: &str, backend: &str) -> Result<Vec<Server>, String> {
    let header = text.lines().find_map(|line| line.strip_prefix("# "));
    let Some(header) = header else { return Err(refusal(text, backend)) };
    let columns: Vec<&str> = header.split_whitespace().collect();
    let rows = text.lines().filter(|line| !line.starts_with('#') && line.split_whitespace().count() > 1);
    let servers: Result<Vec<Server>, String> = rows
        .map(|line| Row { columns: &columns, cells: line.split_whitespace().collect() })
        .filter(|row| row.cell("be_name") == Some(backend))
        .map(|row| row.server())
        .collect();
    match servers {
        Ok(servers) if servers.is_empty() => Err(format!("haproxy has no server in backend `{backend}`")),
        other => other,
    }
}

fn refusal(text: &str, backend: &str) -> String {
    match crate::contract::answer::start_of(text) {
        said if said.is_empty() => format!("haproxy said nothing about backend `{backend}`"),
        said => format!("haproxy did not list the servers of backend `{backend}`: {said}"),
    }
}

struct Row<'a> {
    columns: &'a [&'a str],
    cells: Vec<&'a str>,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| *name == column)?;
        self.cells.get(at).copied()
    }

    fn number(&self, column: &str) -> Result<u32, String> {
        let cell = self.cell(column);
        cell.and_then(|cell| cell.parse().ok()).ok_or_else(|| {
            format!("haproxy's list of servers has `{}` as `{column}`, expected a number", cell.unwrap_or("nothing"))
        })
    }

    fn server(&self) -> Result<Server, String> {
        let name = self.cell("srv_name").ok_or("haproxy's list of servers names none")?.to_owned();
        let (weight, initial) = (self.number("srv_uweight")?, self.number("srv_iweight")?);
        Ok(Server { name, weight, initial, up: self.number("srv_op_state")? != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::{Server, parse_servers};

    const STATE: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
        srv_time_since_last_change\n3 search 1 v1 127.0.0.1 2 0 95 100 12\n3 search 2 v2 127.0.0.1 0 0 5 1 12\n\
        4 other 1 v2 127.0.0.1 2 0 7 7 12\n\n";

    #[test]
    fn servers_of_the_backend_are_read_by_the_names_of_the_columns() {
        let server = |name: &str, weight, initial, up| Server { name: name.into(), weight, initial, up };
        let servers = parse_servers(STATE, "search").unwrap();
        assert_eq!(servers, [server("v1", 95, 100, true), server("v2", 5, 1, false)]);
    }

    #[test]
    fn complaints_and_odd_tables_are_told() {
        for (text, words) in [
            ("Can't find backend.\n\n", "haproxy did not list the servers of backend `search`: Can't find backend."),
            ("", "haproxy said nothing about backend `search`"),
            ("1\n# be_id be_name srv_name\n", "haproxy has no server in backend `search`"),
            ("1\n# be_name srv_name srv_uweight\nsearch v1 -5\n", "has `-5` as `srv_uweight`, expected a number"),
            ("1\n# be_name srv_name srv_uweight\nsearch v1\n", "has `nothing` as `srv_uweight`, expected a number"),
            ("1\n# be_name x\nsearch v1\n", "haproxy's list of servers names none"),
        ] {
            let reason = parse_servers(text, "search").unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
    }
}
