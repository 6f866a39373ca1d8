import { kubernetesApiContract } from '../playground/contract/kubernetes-api/suite.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'

await withRealApiServer('a real kube-apiserver, by the contract of the embedded one', (server) => {
  kubernetesApiContract(
    () => {
      const running = server()
      const { serverUrl, caPem, adminToken } = running
      return { url: serverUrl, caPem, token: adminToken, kubectl: (args, options) => running.kubectl(args, options) }
    },
    { hasKubectl: true },
  )
})
