import { getContainerRuntimeClient, ImageName } from 'testcontainers'

/** Images that container tests use; others of the same kind can be named, e.g. where nothing can be pulled. */
export interface ContainerImages {
  build: string
  nats: string
  k3s: string
}

export interface ContainerEngine {
  images: ContainerImages
  /** Says what is missing, as the reason to skip a test; false where the engine answers and has each of the images. */
  lacks(...images: (keyof ContainerImages)[]): string | false
}

/**
 * Finds the container engine of this machine and the images on it. Nothing is pulled: a test must not depend on what a
 * registry serves today. With GWH_REQUIRE_CONTAINERS=1 a missing engine is an error, not a reason to skip.
 */
export async function findContainerEngine(env: NodeJS.ProcessEnv): Promise<ContainerEngine> {
  const images = {
    build: env['GWH_BUILD_IMAGE'] ?? 'docker.io/library/node:24-bookworm-slim',
    nats: env['GWH_NATS_IMAGE'] ?? 'docker.io/library/nats:2.15',
    k3s: env['GWH_K3S_IMAGE'] ?? 'docker.io/rancher/k3s:v1.36.3-k3s1',
  }
  const there = new Set<keyof ContainerImages>()
  try {
    const { image } = await getContainerRuntimeClient()
    for (const key of Object.keys(images) as (keyof ContainerImages)[]) {
      if (await image.exists(ImageName.fromString(images[key]))) there.add(key)
    }
  } catch (cause) {
    if (env['GWH_REQUIRE_CONTAINERS'] === '1') throw new Error('GWH_REQUIRE_CONTAINERS=1, but no engine', { cause })
    return { images, lacks: () => 'needs a container engine' }
  }
  return {
    images,
    lacks(...needed) {
      const missing = needed.filter((key) => !there.has(key)).map((key) => images[key])
      return missing.length > 0 && `needs the image ${missing.join(' and ')} on the container engine`
    },
  }
}
