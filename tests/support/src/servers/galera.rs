//! Three MariaDB servers that form a Galera cluster on this machine. Each accepts writes.

use super::{Database, Mariadb, free_port};

/// The provider, where Debian's package puts it.
const PROVIDER: &str = "/usr/lib/galera/libgalera_smm.so";

/// A running cluster of three nodes. Ended when dropped.
pub struct Galera {
    /// First, since it is dropped over a node that still runs.
    database: Database,
    nodes: Vec<Mariadb>,
}

impl Galera {
    /// Starts three nodes; a joining node copies everything from another one, which takes seconds.
    pub fn start() -> Self {
        assert!(
            std::path::Path::new(PROVIDER).exists(),
            "Galera is missing: apt-get install galera-4, or tests/run"
        );
        // Taken by the script that copies the data; its absence shows only much later.
        super::program("rsync", "rsync");
        // Somebody else may take a free port before a node does.
        for _ in 0..3 {
            let ports: [[u16; 3]; 3] =
                std::array::from_fn(|_| std::array::from_fn(|_| free_port()));
            if let Some(cluster) = Self::on(&ports) {
                return cluster;
            }
        }
        panic!("the cluster does not start");
    }

    /// `ports` are those of the group, of incremental and of complete transfers of each node.
    fn on(ports: &[[u16; 3]; 3]) -> Option<Self> {
        let group = ports.map(|[group, ..]| format!("127.0.0.1:{group}")).join(",");
        let mut nodes = Vec::new();
        for (number, [listen, incremental, complete]) in ports.iter().enumerate() {
            let mut node = Mariadb::installed(&[
                "--wsrep-on=ON",
                &format!("--wsrep-provider={PROVIDER}"),
                "--wsrep-cluster-name=throw-away",
                &format!("--wsrep-cluster-address=gcomm://{group}"),
                &format!("--wsrep-node-name=node{number}"),
                "--wsrep-node-address=127.0.0.1",
                &format!("--wsrep-sst-receive-address=127.0.0.1:{complete}"),
                "--wsrep-sst-method=rsync",
                &format!(
                    "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{listen};\
                     ist.recv_addr=127.0.0.1:{incremental};base_port={listen};gcache.size=16M"
                ),
                // Galera works with nothing else.
                "--binlog-format=ROW",
                "--innodb-autoinc-lock-mode=2",
            ]);
            node.join_cluster(free_port());
            let first: &[&str] = if number == 0 { &["--wsrep-new-cluster"] } else { &[] };
            if !node.start(first) {
                return None;
            }
            if number == 0 {
                node.make_user();
            }
            nodes.push(node);
        }
        Some(Self { database: nodes[0].database(), nodes })
    }

    /// A node, counted from 0.
    pub fn node(&self, number: usize) -> &Mariadb {
        &self.nodes[number]
    }

    /// The cluster's one database, through a node.
    pub fn url(&self, node: usize) -> String {
        format!("{}/{}", self.nodes[node].server_url(), self.database.name())
    }

    /// The cluster's one database, to look at through the first node.
    pub fn database(&self) -> &Database {
        &self.database
    }
}
