//! The whole world of a demonstration or a test: simulator and shop together.

use crate::shop::{self, Shop, ShopError, ShopHandle};
use crate::sim::{self, SimError, Simulator, SimulatorHandle};

/// Why the world did not start.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The simulator did not.
    #[error(transparent)]
    Simulator(#[from] SimError),
    /// The shop did not.
    #[error(transparent)]
    Shop(#[from] ShopError),
}

/// A running world.
#[derive(Debug)]
pub struct World {
    /// The WhatsApp simulator.
    pub simulator: SimulatorHandle,
    /// The demo shop.
    pub shop: ShopHandle,
}

impl World {
    /// Starts the shop, then the simulator, which gets the shop's address for its links and outage switches unless the
    /// options name another.
    ///
    /// # Errors
    /// [`WorldError`] if either does not start; the other is stopped.
    pub async fn start(mut simulator: sim::Options, shop: shop::Options) -> Result<World, WorldError> {
        let shop = Shop::start(shop).await?;
        simulator.shop_url.get_or_insert_with(|| shop.url());
        match Simulator::start(simulator).await {
            Ok(simulator) => Ok(World { simulator, shop }),
            Err(error) => {
                shop.stop().await;
                Err(error.into())
            }
        }
    }

    /// Stops both: first who sends, then who is asked.
    pub async fn stop(self) {
        self.simulator.stop().await;
        self.shop.stop().await;
    }
}
